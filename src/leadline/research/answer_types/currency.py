"""An amount of money with its currency (ISO 4217)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from leadline.research.answer_types.base import AnswerType, InvalidValue, Support, Told
from leadline.research.answer_types.number import computed_support, one_number, same_figure, same_number
from leadline.research.model import Question
from leadline.research.values.money import Money, currency_code, find_money
from leadline.research.values.numbers import plain, written_out


class Amount(Struct):
    value: float | None
    currency: Annotated[str, Meta(description="ISO 4217.", examples=["USD"])] | UnsetType = UNSET


class Currency(AnswerType):
    name = "currency"
    key = "currency"
    wire = Amount
    wrapped = False
    topic = "pricing"
    hint = re.compile(
        r"[$€£¥₹]|\b(?:USD|EUR|GBP|CHF|JPY|CAD|AUD|dollars?|euros?|pounds?|free)\b", re.IGNORECASE
    )

    def model_schema(self, output_schema: dict[str, Any] | None) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": {
                "value": {
                    "type": "number",
                    "description": "the full amount in digits: 13 million is 13000000",
                },
                "currency": {"type": "string", "description": "ISO 4217 code, such as USD or EUR"},
            },
            "required": ["value", "currency"],
            "additionalProperties": False,
        }

    def parse(self, value: Any, output_schema: dict[str, Any] | None) -> dict[str, Any]:
        if isinstance(value, str):
            return _from_text(value)
        if not isinstance(value, dict):
            raise InvalidValue('an amount is wanted, such as {"value": 25, "currency": "USD"}')
        amount = value.get("value", value.get("amount"))
        if amount is None:
            raise InvalidValue('the amount lacks its "value"')
        stated = value.get("currency")
        if not stated and isinstance(amount, str):
            return _from_text(amount)
        code = currency_code(str(stated or ""))
        if code is None:
            raise InvalidValue(f"{stated!r} is not a currency; write its ISO 4217 code, such as USD")
        return {"value": one_number(amount, "amount"), "currency": code}

    def equal(self, a: Any, b: Any) -> bool:
        return bool(a["currency"] == b["currency"]) and same_number(a["value"], b["value"])

    def change(self, previous: Any, current: Any) -> dict[str, Any] | None:
        if self.equal(previous, current):
            return None
        delta = {"type": "CURRENCY", "previous": previous, "current": current}
        if previous["currency"] == current["currency"]:
            delta["difference"] = plain(current["value"] - previous["value"])
        return delta

    def same(self, before: Any, after: Any, told: Told) -> bool:
        """A sum in another currency is another fact."""
        if before["currency"] != after["currency"]:
            return False
        return same_figure(before["value"], after["value"], told, find_money)

    def text(self, value: Any) -> str:
        return f"{written_out(value['value'])} {value['currency']}"

    def parts(self, value: Any) -> Sequence[Any]:
        return (value["value"], value["currency"])

    def scored(self, value: Any) -> dict[str, Any]:
        return {"amount": value["value"], "currency": value["currency"]}

    def support(self, value: Any, words: Sequence[str], question: Question) -> Support:
        held = [m for text in words for language in ("en", "de") for m in find_money(text, language)]
        if any(same_number(value["value"], m.value) and _may_be(m, value["currency"]) for m in held):
            return Support(True, "the amount stands in the cited words")
        if any(same_number(value["value"], m.value) for m in held):
            return Support(False, "the cited words give this amount in another currency", final=True)
        same_currency = list({m.value: None for m in held if _may_be(m, value["currency"])})
        return computed_support(value["value"], same_currency, words, question)


_DOLLARS = frozenset({"USD", "CAD", "AUD", "NZD", "SGD", "HKD"})


def _may_be(money: Money, currency: str) -> bool:
    """A bare "$" is read as US dollars, and may stand for other dollars where the page says so elsewhere."""
    return money.currency == currency or (money.currency == "USD" and currency in _DOLLARS)


def _from_text(text: str) -> dict[str, Any]:
    found = find_money(text)
    if len(found) == 1:
        return {"value": found[0].value, "currency": found[0].currency}
    if not found:
        raise InvalidValue(f"there is no amount with a currency in {text[:60]!r}")
    raise InvalidValue(f"there are several amounts in {text[:60]!r}; write the one that answers")
