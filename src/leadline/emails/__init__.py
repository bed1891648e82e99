"""A person's mail address at a company: published, or made by the company's own pattern."""
