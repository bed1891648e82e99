"""Evaluation: question files are run through the real path, and what came out is written down."""
