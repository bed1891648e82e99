"""What a person published, newest first."""

from __future__ import annotations

from leadline.research.answer_types.records import Published


class ContactPosts(Published):
    """What a person published, newest first."""

    name = "contact_posts"
    key = "contactPosts"
    members = ("text", "url", "publishedAt")
    stated = ("text",)
