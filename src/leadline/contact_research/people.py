"""What reports hold of a person, to be shown and erased."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from leadline.contact_research.service import ContactResearchService
from leadline.research.people import Profile


class ResearchedPeople:
    """The reports on a person."""

    name = "contactResearch"

    def __init__(self, research: ContactResearchService) -> None:
        self._research = research

    async def export(
        self, connection: Any, organisation_id: UUID, person_id: UUID, person: Profile
    ) -> list[Any]:
        found = await self._research.about(connection, organisation_id, person)
        return [msgspec.to_builtins(one) for one in found]

    async def erase(self, connection: Any, organisation_id: UUID, person_id: UUID, person: Profile) -> int:
        return await self._research.erase(connection, organisation_id, person)
