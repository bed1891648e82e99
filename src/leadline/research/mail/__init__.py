"""Addresses of people at a company: how names become local parts, and what a company's pages tell of its habit."""
