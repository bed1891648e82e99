"""Questions that are kept and asked again: each change is a new version."""
