"""Company lists: saved filters over the companies that are known."""
