"""Identifiers: UUID version 7 (RFC 9562, 5.7), so that rows sort by the time they were made."""

from __future__ import annotations

from uuid import UUID

import uuid_utils
import uuid_utils.compat


def new_id() -> UUID:
    """A fresh identifier; later ones of the same process sort after earlier ones."""
    return uuid_utils.compat.uuid7()


def new_id_text() -> str:
    """A fresh identifier as text, without the detour over ``UUID``."""
    return str(uuid_utils.uuid7())
