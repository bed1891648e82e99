"""Requests that may be sent again: what was answered to a key, replayed for a day."""
