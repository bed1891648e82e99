"""The profile: what everybody asks of a company, read off its own pages once.

Each value has the words or the structured member it was read from. A value is given only when it is the company's
own; what cannot be told from an author's, a customer's or a supplier's is absent.
"""
