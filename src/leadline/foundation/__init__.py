"""Plumbing: settings, database, HTTP, logs, clock, ids. Knows nothing of signals or companies."""
