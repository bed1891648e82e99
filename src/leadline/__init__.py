"""Leadline: ask a question about a company, get a typed answer with evidence, or an honest "not found"."""
