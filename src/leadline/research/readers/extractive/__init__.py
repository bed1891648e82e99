"""Reading answers off passages without a language model: rules, one family a file.

The reader itself is in ``reader``; this package imports nothing here, because the answer types name their
rules and the reader names the answer types.
"""

NAME = "extractive"
PASSAGE_LIMIT = 40  # ranked passages that the rules look at
