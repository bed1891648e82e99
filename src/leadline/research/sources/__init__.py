"""Where evidence about a subject comes from, one source a file; ``reading`` reads what they have chosen."""
