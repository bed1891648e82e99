"""Documents as plain values: hosts and addresses, bytes to canonical text, text to citable units."""
