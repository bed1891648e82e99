"""Connections: organisations' accounts at vendors, whether they work, and what was asked of them today."""
