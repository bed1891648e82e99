"""How others engaged with what a person published: counts of reactions and comments, post by post."""

from __future__ import annotations

from typing import Any

from leadline.research.answer_types.records import Published


class ContactEngagements(Published):
    """How others engaged with what a person published."""

    name = "contact_engagements"
    key = "contactEngagements"
    members = ("url", "publishedAt")
    counts = ("reactionCount", "commentCount")
    stated = ("url", "reactionCount", "commentCount")

    def line(self, record: dict[str, Any]) -> str:
        counted = (f"{record[name]} {word}" for name, word in _WORDS if record.get(name) is not None)
        return ": ".join(part for part in (record["url"], ", ".join(counted)) if part)


_WORDS = (("reactionCount", "reactions"), ("commentCount", "comments"))
