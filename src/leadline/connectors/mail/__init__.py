"""Domain names and mail servers."""
