"""Contact lists: frozen copies of people who were found by one search."""
