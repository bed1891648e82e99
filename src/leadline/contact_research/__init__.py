"""Reports on a person before a call, every statement with its quote."""
