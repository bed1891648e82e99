"""A made-up company with a website, and ten questions asked of it."""
