"""What happened, numbered for each organisation without gaps."""
