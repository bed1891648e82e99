"""What the answers about a company say together."""
