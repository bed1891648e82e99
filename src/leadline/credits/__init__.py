"""Credits: what each organisation may spend, and what it spent."""
