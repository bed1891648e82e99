"""What the models room shows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec


class ModelCall(msgspec.Struct, frozen=True):
    """One paid call. ``price`` in US dollars as a decimal string, None when the model's price is unknown."""

    model: str
    input_tokens: int
    output_tokens: int
    price: str | None
    seconds: float
    created_at: datetime
    reply: Any
