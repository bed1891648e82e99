"""Readers of web pages: ``direct`` asks the site itself."""
