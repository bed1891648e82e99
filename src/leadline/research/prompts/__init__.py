"""The words that language models are given. One module for each thing asked of a model."""
