"""People to contact: the same as ``contacts``, asked for once and never again on a schedule (contract section 8)."""

from __future__ import annotations

from leadline.research.answer_types.records import People


class ContactsGeneration(People):
    """People to contact."""

    name = "contacts_generation"
    key = "contactsGeneration"
    repeated = False
