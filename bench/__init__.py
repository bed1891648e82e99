"""Measurements. ``python -m bench`` prints them as a table; ``rows()`` of each module here gives some."""
