"""Organisations' accounts at vendors: linked, checked, replaced, removed; which key uses which; daily caps.

A connection's ``status`` is what was last seen of the account: by a check (``test``, and the worker's, every
``CHECK_EVERY`` seconds) or while it was used (``noticed``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from leadline.accounts import service as accounts
from leadline.connections import repository
from leadline.connections.schemas import Connection, Connector, Health, Linked, NewConnection, Status
from leadline.foundation.database import Connection as Statements
from leadline.foundation.database import Database
from leadline.foundation.errors import ConfigurationError, Conflict, InvalidInput, NotFound
from leadline.foundation.network import AddressRefused, NetworkPolicy, Origin, literal
from leadline.foundation.secrets import Vault

CHECK_EVERY = 900.0  # seconds
CHECKED_AT_ONCE = 20
USAGE_DAYS = 30  # for which daily usage is kept
MOST_A_DAY = 100_000
SALES_NAVIGATOR = "unipile"  # the connector whose account is the contract's "salesNavigator"

Check = Callable[[Linked], Awaitable[Health]]
"""Looks whether a linked account works. Raises nothing: what went wrong is part of what it found."""


class ConnectionService:
    """``checks``: how an account of each connector is looked at. ``policy``: which addresses may be called."""

    def __init__(
        self, database: Database, vault: Vault, policy: NetworkPolicy, checks: Mapping[str, Check]
    ) -> None:
        self._opened = database
        self._database = database.repeatable
        self._vault = vault
        self._policy = policy
        self._checks = checks

    # ------------------------------------------------------------------ linking

    async def add(self, organisation_id: UUID, new: NewConnection) -> Connection:
        """Link an account; nothing is asked of it yet. Raises InvalidInput, Conflict."""
        wrong = []
        if new.connector not in self._checks:
            wrong.append(("connector", f"must be one of: {', '.join(sorted(self._checks))}"))
        if not _one_word(new.account):
            wrong.append(("account", "must be the vendor's id of the account, such as AbC1d-EfGh"))
        wrong += [
            (name, f"must be from 1 to {MOST_A_DAY}")
            for name in ("daily_profiles", "daily_results")
            if not 0 < getattr(new, name) <= MOST_A_DAY
        ]
        address, why = self._address(new.address)
        wrong += [("address", why)] if why else []
        wrong += [("secret", _SECRET)] if not _one_word(new.secret) else []
        if wrong:
            raise InvalidInput(*wrong)
        sealed = self._vault.seal(new.secret.encode())
        made = await repository.add(self._opened, organisation_id, new._replace(address=address), sealed)
        if made is None:
            raise Conflict("This account is linked already: `leadline connections list` shows it.")
        return made

    async def connections(self, organisation_id: UUID) -> list[Connection]:
        """The organisation's connections, oldest first."""
        return await repository.connections(self._database, organisation_id)

    async def replace(
        self, organisation_id: UUID, connection_id: UUID, secret: str, address: str | None = None
    ) -> Connection:
        """Give a connection another secret, and another address if told so. Raises InvalidInput, NotFound."""
        wrong = [("secret", _SECRET)] if not _one_word(secret) else []
        if address is not None:
            address, why = self._address(address)
            wrong += [("address", why)] if why else []
        if wrong:
            raise InvalidInput(*wrong)
        sealed = self._vault.seal(secret.encode())
        row = await repository.replace(self._database, organisation_id, connection_id, sealed, address)
        if row is None:
            raise _no_such()
        return row

    async def remove(self, organisation_id: UUID, connection_id: UUID) -> None:
        """Forget a connection and its secret. Raises NotFound, and Conflict while a key is pinned to it."""
        async with self._opened.transaction() as connection:
            if not await repository.lock(connection, organisation_id, connection_id):
                raise _no_such()
            if keys := await repository.pinned_keys(connection, connection_id):
                named = ", ".join(map(str, keys))
                raise Conflict(
                    f"Pinned to it: key {named}. First pin them to another connection, or to none "
                    "(`leadline connections pin KEY --none`)."
                )
            await repository.remove(connection, organisation_id, connection_id)

    async def pin(self, organisation_id: UUID, key_id: UUID, connection_id: UUID | None) -> None:
        """Have a key use this connection only; None: the organisation's first that works. Raises NotFound."""
        keys = await accounts.list_keys(self._database, organisation_id)
        if not any(key.id == key_id and key.revoked_at is None for key in keys):
            raise NotFound("The organisation has no such key: `leadline keys list` shows them.")
        async with self._opened.transaction() as connection:
            if connection_id is None:
                await repository.unpin(connection, key_id)
            elif await repository.lock(connection, organisation_id, connection_id):
                await repository.pin(connection, key_id, connection_id)
            else:
                raise _no_such()

    # ------------------------------------------------------------------ using

    async def linked(
        self, organisation_id: UUID, key_id: UUID | None, connector: str = SALES_NAVIGATOR
    ) -> Linked | None:
        """The account that a caller uses: the one its key is pinned to, else the organisation's first that works.

        None when the organisation has none. Look whether it is ``usable`` before it is asked anything.
        """
        row = await repository.chosen(self._database, organisation_id, key_id, connector)
        return self._linked(row) if row else None

    async def connectors(self, organisation_id: UUID, key_id: UUID | None) -> list[Connector]:
        """How the caller's accounts stand (contract section 19): Sales Navigator always, others when connected."""
        row = await repository.chosen(self._database, organisation_id, key_id, SALES_NAVIGATOR)
        status: Status = row["status"] if row else "disconnected"
        return [Connector("salesNavigator", status)]

    async def noticed(self, connection_id: UUID, health: Health) -> None:
        """What using an account has shown of it."""
        await repository.noticed(self._database, connection_id, health)

    def usage(self, linked: Linked) -> AccountUsage:
        """What was asked of an account today."""
        return AccountUsage(self._database, linked.connector, linked.account)

    # ------------------------------------------------------------------ checking

    async def test(self, organisation_id: UUID, connection_id: UUID) -> Connection:
        """Ask the vendor how the account stands, now. Raises NotFound."""
        row = await repository.used(self._database, organisation_id, connection_id)
        if row is None:
            raise _no_such()
        await self._check(row)
        found = await repository.get(self._database, organisation_id, connection_id)
        if found is None:
            raise _no_such()
        return found

    async def check_due(self) -> int:
        """Check what was not checked for ``CHECK_EVERY`` seconds; any number of processes share the work."""
        due = await repository.take_due(self._opened, CHECK_EVERY, CHECKED_AT_ONCE)
        await asyncio.gather(*(self._check(row) for row in due))  # one that hangs holds up no other
        await repository.forget_usage(self._database, USAGE_DAYS)
        return len(due)

    async def _check(self, row: Any) -> None:
        linked = self._linked(row)
        check = self._checks.get(linked.connector)
        if check is None:
            health = Health("error", f"This version has no connector {linked.connector!r}.")
        elif not linked.secret:
            health = Health("error", _SEALED_OTHERWISE)
        else:
            health = await check(linked)
        await repository.found(self._database, linked.id, row["sealed"], health)

    # ------------------------------------------------------------------ secrets

    async def reseal(self, connection: Statements) -> int:
        """Encrypt every secret with the vault's first key; how many. Raises ConfigurationError."""
        secrets = [
            (connection_id, self._vault.reseal(sealed))
            for connection_id, sealed in await repository.sealed(connection)
        ]
        await repository.reseal(connection, secrets)
        return len(secrets)

    def _linked(self, row: Any) -> Linked:
        try:
            secret = self._vault.open(row["sealed"]).decode()
        except ConfigurationError:
            secret = ""  # the others' connections go on; a check says so of this one
        return Linked(
            row["id"],
            row["connector"],
            row["account"],
            row["address"],
            secret,
            row["daily_profiles"],
            row["daily_results"],
            row["status"],
        )

    def _address(self, text: str) -> tuple[str, str | None]:
        """The origin that was meant, and why it is refused, if it is."""
        text = text.strip()
        if "://" not in text:
            text = f"https://{text}"
        must = "must be the vendor's address, such as https://api13.unipile.com:14376"
        try:
            parts = urlsplit(text)
            origin = Origin.of(text)
            address = literal(origin.host)
        except (ValueError, AddressRefused):
            return text, must
        if (
            parts.path not in ("", "/")
            or parts.query
            or parts.fragment
            or parts.username is not None
            or not origin.host.isascii()
        ):
            return text, must
        loopback = address is not None and address.is_loopback
        if address is not None and (why := self._policy.refusal(address, origin.port)):
            return text, f"may not be called: {why}; LEADLINE_ALLOW_NETWORKS permits it"
        if origin.scheme != "https" and not loopback:
            return text, "must begin with https://: the secret is sent there"
        return f"{parts.scheme}://{parts.netloc.lower()}", None


class AccountUsage:
    """What was asked of one account today (UTC), counted in the database over all processes, whoever linked it."""

    def __init__(self, database: Statements, connector: str, account: str) -> None:
        self._database = database
        self._connector = connector
        self._account = account

    async def take(self, what: str, count: int, most: int) -> bool:
        """Count what is about to be asked; False, and nothing counted, when that would be more than ``most``.

        What is counted twice, after a lost connection to the database, only makes the day shorter.
        """
        taken = await repository.take(self._database, self._connector, self._account, what, count, most)
        return taken is not None

    async def count(self, what: str, count: int) -> None:
        """Count more; give back what was not used when ``count`` is negative."""
        await repository.count(self._database, self._connector, self._account, what, count)


_SEALED_OTHERWISE = (
    "Its secret was encrypted with another key: put the old key behind the new one (LEADLINE_SECRET_KEY=NEW,OLD) and "
    "run `leadline secrets reseal`, or give the secret anew (`leadline connections replace`)."
)
_SECRET = "must be the access token, in one line without spaces"  # noqa: S105 - says what to write


def _one_word(text: str) -> bool:
    return 0 < len(text) <= 4096 and all(32 < ord(character) < 127 for character in text)


def _no_such() -> NotFound:
    return NotFound("The organisation has no such connection: `leadline connections list` shows them.")
