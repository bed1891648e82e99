"""People who fit the question, as the directories know them."""

from __future__ import annotations

from leadline.research.answer_types.records import People


class Contacts(People):
    """People who fit the question."""

    name = "contacts"
    key = "contacts"
