"""What is known of a person before a call: statements with their quotes, in typed sections."""
