"""Questions that are asked again and again, and what is done when an answer changed."""
