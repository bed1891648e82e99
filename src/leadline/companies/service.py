"""Which company is meant."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from uuid import UUID

from leadline.companies import repository
from leadline.foundation.database import Connection
from leadline.foundation.errors import InvalidInput
from leadline.research.documents.hosts import parse_company, without_www
from leadline.research.errors import InvalidQuestion
from leadline.research.model import Company


def parse(domain: str, *, reserved_hosts: Collection[str] = ()) -> Company:
    """The company that a user's ``domain`` names. Raises InvalidInput naming the field and what to do."""
    try:
        return parse_company(domain, reserved_hosts=reserved_hosts)
    except InvalidQuestion as error:
        raise InvalidInput((error.field, error.message)) from error


async def resolve(connection: Connection, company: Company) -> UUID:
    """The id of the company, made when it is new."""
    return await repository.resolve(connection, company.host)


async def find(connection: Connection, host: str) -> UUID | None:
    """The id of the company with this host, in whichever of its two spellings; None when nobody has named it yet."""
    return await repository.find(connection, without_www(host.lower()))


async def resolve_many(connection: Connection, given: Iterable[Company]) -> dict[str, UUID]:
    """The ids of companies by their host, made where they are new. Not for inside a transaction: callers with
    the same new companies would wait for each other.
    """
    return await repository.resolve_many(connection, list({company.host for company in given}))


async def name(connection: Connection, company_id: UUID, company_name: str) -> None:
    """Record what the company's own site calls it."""
    await repository.name(connection, company_id, company_name)
