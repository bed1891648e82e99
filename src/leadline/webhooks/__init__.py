"""Webhooks: whoever asked to be told of a finished signal is called, signed, until it answers 2xx."""
