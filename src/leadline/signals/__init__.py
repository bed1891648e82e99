"""Signals: questions of an organisation, from acceptance to answer. The signal row is the truth."""
