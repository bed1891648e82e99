"""What users say of answers, and what that makes of a reader's confidence."""
