"""Durable work of any kind: taken fairly under a lease, counted, done once or visibly given up."""
