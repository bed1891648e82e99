"""Where answers that are not about a person name them all the same."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from leadline.models import service as models
from leadline.research.people import Profile
from leadline.signals import repository


class NamedPeople:
    """Answers to other questions, their steps and the replies that were paid for them."""

    name = "otherAnswers"

    async def export(
        self, connection: Any, organisation_id: UUID, person_id: UUID, person: Profile
    ) -> list[Any]:
        """The ids of the signals that name the person."""
        pattern = pattern_of(person.full_name)
        if pattern is None:
            return []
        return [str(one) for one in await repository.naming(connection, organisation_id, pattern)]

    async def erase(self, connection: Any, organisation_id: UUID, person_id: UUID, person: Profile) -> int:
        """Overwrite the name; the rest of the answers stays."""
        pattern = pattern_of(person.full_name)
        if pattern is None:
            return 0
        changed = await repository.overwrite(connection, organisation_id, pattern)
        await models.overwrite(connection, changed, pattern)
        return len(changed)


def pattern_of(name: str) -> str | None:
    """Where JSON has this name, for PostgreSQL; None for a single word, which means many things."""
    parts = name.split()
    if len(parts) < 2:
        return None
    return r"\m" + r"(\s|\\n)+".join(re.sub(r"(\W)", r"\\\1", part) for part in parts) + r"\M"
