"""Evidence: stored pages, snapshots and proofs. Shared between organisations: it is the public web."""
