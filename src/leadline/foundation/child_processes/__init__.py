"""Work that may take too long or too much memory, done in child processes that can be killed."""
