"""Real HTTP servers that answer as vendors do."""
