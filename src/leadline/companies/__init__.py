"""Companies: the shared identity by host. Carries no organisation: a host is a public fact."""
