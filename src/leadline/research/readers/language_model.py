"""A reader that asks a language model.

The model sees numbered lines and answers with numbers; the words of a quote are copied by Leadline, so
a quote is literal whatever the model writes. A reply is used only when its value is of the question's
type, it cites lines that were given, and every address in it is one that was read or linked to.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from msgspec.structs import replace

from leadline.research.answer_types import answer_type
from leadline.research.answer_types.base import AnswerType, InvalidValue
from leadline.research.answer_types.url import IN_TEXT, address_key
from leadline.research.documents.hosts import host_of
from leadline.research.errors import (
    ModelBudgetExceeded,
    ModelContextExceeded,
    ModelReplyInvalid,
    ModelUnavailable,
)
from leadline.research.model import (
    CheckedClaim,
    Claim,
    Confirmed,
    Derivation,
    Draft,
    Evidence,
    Passage,
    Provenance,
    Question,
    Unit,
    Usage,
    Verdict,
    Verification,
    VerificationMode,
)
from leadline.research.ports import LanguageModel, ModelReply, ModelRequest
from leadline.research.prompts import confirming, reading

_BASIS = {"stated": Derivation.STATED, "computed": Derivation.DERIVED, "inferred": Derivation.INFERRED}
_ADDRESS = re.compile(r"https?://[^\s\"'<>()\[\]]+", re.IGNORECASE)
_AFTER_ADDRESS = ".,;:!?)"
_FEW_CITATIONS = 3
_CONTEXT_MARGIN = 64  # tokens that a chat template adds around messages


class UnusableReplyError(ValueError):
    """Why a reply cannot be used, in words that the model can act on. ``uncited``: it names no line."""

    def __init__(self, message: str, *, uncited: bool = False) -> None:
        super().__init__(message)
        self.uncited = uncited


class LanguageModelReader:
    """Answers with one call of ``model``, or two when the first reply cannot be used.

    Where the lines shown do not answer, the next best passages are shown once, in a second round.

    ``prompt_tokens`` bounds the whole prompt (estimated on the long side), besides the model's context.
    Raises ModelReplyInvalid when the repaired reply is unusable as well, and whatever the model raises.
    """

    name = "model"
    passage_limit = 40  # the prompt's tokens decide what is shown; these are enough to fill them

    def __init__(
        self, model: LanguageModel, *, prompt_tokens: int = 3_500, wording: str = reading.INSTRUCTIONS
    ) -> None:
        """``wording``: what the model is told, with its places (``reading.wording_faults``)."""
        self._model = model
        self._wording = wording
        self._prompt_tokens = prompt_tokens

    async def read(self, question: Question, passages: Sequence[Passage], evidence: Evidence) -> Draft:
        """Answer from ``passages``, best first. Without any there is nothing to ask."""
        if not passages:
            return Draft(reader=self.name, reasoning="There was nothing to read.", rule=self._model.name)
        seconds = question.budget.max_seconds
        try:
            async with asyncio.timeout(seconds):
                return await self._read(question, passages, evidence)
        except TimeoutError as late:
            raise ModelUnavailable(
                f"{self._model.name} gave no usable reply within the question's {seconds:g} s"
            ) from late

    async def confirm(
        self, question: Question, verification: Verification, passages: Sequence[Passage]
    ) -> Confirmed:
        """One short call decides the claims that the rules leave open: do the cited lines say so?

        What the model cannot be asked, or answers unusably, stays as the rules judged it.
        """
        units = {unit.number: (unit, passage) for passage in passages for unit in passage.units}
        if not verification.open or question.mode is not VerificationMode.STRICT:
            return Confirmed(verification=verification)
        doubted = [c for c in verification.claims if c.verdict is not Verdict.SUPPORTED]
        company = question.company.name or question.company.host
        request = ModelRequest(
            instructions=confirming.INSTRUCTIONS,
            prompt=confirming.message(company, [_shown_once_more(c.claim, question, units) for c in doubted]),
            output_schema=confirming.reply_schema(len(doubted)),
            max_tokens=32 + confirming.MAX_TOKENS_OF_ONE * len(doubted),
        )
        try:
            async with asyncio.timeout(question.budget.max_seconds):
                reply = await self._model.complete(request)
        except (ModelBudgetExceeded, ModelContextExceeded, ModelReplyInvalid):
            return Confirmed(verification=verification)
        except TimeoutError as late:
            raise ModelUnavailable(f"{self._model.name} did not confirm the answer in time") from late
        says = reply.output.get("says") if isinstance(reply.output, dict) else None
        if not isinstance(says, list) or len(says) != len(doubted):
            return Confirmed(verification=verification, usage=_usage(reply))
        verdicts = iter(says)
        claims = tuple(
            c if c.verdict is Verdict.SUPPORTED else _confirmed(c, next(verdicts) is True)
            for c in verification.claims
        )
        return Confirmed(verification=replace(verification, claims=claims), usage=_usage(reply))

    async def _read(self, question: Question, passages: Sequence[Passage], evidence: Evidence) -> Draft:
        kind = answer_type(question.answer_type)
        form = reading.reply_form(
            question.answer_type,
            kind.model_schema(question.output_schema),
            question.mode,
            by_field=question.output_schema is not None,
            links=kind.links,
        )
        today = question.asked_at.date() if question.asked_at else None
        told = reading.instructions(form, question.mode, today, self._wording)
        room = self._room(form, told, question)
        try:
            shown, used = _fitting(passages, room, form, evidence)
            draft, output = await self._ask(question, kind, form, told, shown, evidence)
        except ModelContextExceeded:
            room = used // 2
            shown, _ = _fitting(passages, room, form, evidence)
            draft, output = await self._ask(question, kind, form, told, shown, evidence)
        seen = {passage.units[0].number for passage in shown}
        rest = [passage for passage in passages if passage.units and passage.units[0].number not in seen]
        given = _given(output, form)
        if draft.value is not None or not (rest or given) or question.budget.max_model_calls < 2:
            return draft
        further, _ = _fitting(rest, room, form, evidence) if rest else (shown, 0)
        try:
            if given:
                return await self._ask_for_rest(question, kind, form, draft, given, shown, further, evidence)
            second, _ = await self._ask(question, kind, form, told, further, evidence)
        except (ModelBudgetExceeded, ModelContextExceeded, ModelReplyInvalid):
            return draft  # an honest "not in these lines" stands
        return replace(second, usage=draft.usage.plus(second.usage))

    async def _ask_for_rest(
        self,
        question: Question,
        kind: AnswerType,
        form: reading.ReplyForm,
        draft: Draft,
        given: Mapping[str, Any],
        shown: Sequence[Passage],
        further: Sequence[Passage],
        evidence: Evidence,
    ) -> Draft:
        """The object whose required fields lack something: these fields are asked for once more, alone."""
        whole = kind.model_schema(question.output_schema)
        absent = [name for name in whole.get("required", ()) if name in form.fields and name not in given]
        if not absent:
            return draft
        part = {
            **whole,
            "properties": {name: whole["properties"][name] for name in absent},
            "required": absent,
        }
        narrow = reading.reply_form(
            question.answer_type, part, question.mode, by_field=True, links=form.addresses
        )
        today = question.asked_at.date() if question.asked_at else None
        told = reading.instructions(narrow, question.mode, today, self._wording)
        second, output = await self._ask(
            replace(question, output_schema=part), kind, narrow, told, further, evidence
        )
        usage = draft.usage.plus(second.usage)
        if second.value is None:
            return replace(draft, usage=usage)
        both = {**output, "fields": {**given, **_given(output, narrow)}, "answered": True}
        known = {passage.units[0].number for passage in shown if passage.units}
        seen = [*shown, *(p for p in further if p.units[0].number not in known)]
        try:
            return self._draft(
                both, question, kind, form, _Shown.of(seen, form, evidence), usage, repaired=False
            )
        except UnusableReplyError:
            return replace(draft, usage=usage)

    def _room(self, form: reading.ReplyForm, told: str, question: Question) -> int:
        """Tokens left for lines, after everything else that goes into the model's context."""
        fixed = reading.estimated_tokens(told + question.text) + _CONTEXT_MARGIN
        schema = reading.estimated_tokens(json.dumps(form.schema))
        return min(
            self._prompt_tokens - fixed,
            self._model.context_tokens - fixed - schema - form.max_tokens,
        )

    async def _ask(
        self,
        question: Question,
        kind: AnswerType,
        form: reading.ReplyForm,
        told: str,
        passages: Sequence[Passage],
        evidence: Evidence,
    ) -> tuple[Draft, Any]:
        """The draft, and the reply that it was made of."""
        shown = _Shown.of(passages, form, evidence)
        message = reading.message(question.subject, question.text, shown.sections)
        request = ModelRequest(
            instructions=told, prompt=message, output_schema=form.schema, max_tokens=form.max_tokens
        )
        reply = await self._model.complete(request)
        usage = _usage(reply)
        try:
            return self._draft(reply.output, question, kind, form, shown, usage, repaired=False), reply.output
        except UnusableReplyError as unusable:
            if question.budget.max_model_calls < 2:
                raise ModelReplyInvalid(f"{self._model.name}: {unusable}") from unusable
            written = reply.output if isinstance(reply.output, str) else json.dumps(reply.output, default=str)
            again = ModelRequest(
                instructions=told,
                prompt=reading.repair(message, written, str(unusable)),
                output_schema=(
                    reading.insisting(form.schema) if unusable.uncited and not form.fields else form.schema
                ),
                max_tokens=form.max_tokens,
            )
        second = await self._model.complete(again)
        usage = usage.plus(_usage(second))
        try:
            return self._draft(
                second.output, question, kind, form, shown, usage, repaired=True
            ), second.output
        except UnusableReplyError as unusable:
            raise ModelReplyInvalid(f"{self._model.name}: {unusable}") from unusable

    def _draft(
        self,
        output: Any,
        question: Question,
        kind: AnswerType,
        form: reading.ReplyForm,
        shown: _Shown,
        usage: Usage,
        *,
        repaired: bool,
    ) -> Draft:
        if not isinstance(output, dict):
            raise UnusableReplyError("the reply is not one JSON object, or it was cut off before its end")
        answered = output.get("answered")
        if answered is None:  # left out: what is given tells
            answered = output.get("value") is not None or bool(output.get("fields"))
            output = {**output, "answered": answered}
        if not isinstance(answered, bool):
            raise UnusableReplyError("answered must be true or false")
        reasoning = reading.one_line(str(output.get("reasoning") or ""))[: 2 * reading.REASONING_CHARACTERS]
        derivation = _BASIS.get(str(output.get("basis")), Derivation.STATED)
        claimed = (
            _claims_by_field(output, form, kind, question, derivation, shown)
            if form.fields
            else _claims_of_value(output, kind, question, derivation, shown)
        )
        features = {
            "lines": float(len(shown.units)),
            "repaired": float(repaired),
            "invented_citations": float(claimed.invented),
        }
        if not answered or claimed.value is None:
            return Draft(
                reader=self.name,
                reasoning=claimed.missing or reasoning,
                rule=self._model.name,
                features=features,
                usage=usage,
            )
        cited = {number for claim in claimed.claims for number in claim.citations}
        _check_addresses(claimed.value, shown, cited, whole=kind.links)
        features["citations"] = float(len(cited))
        features["best_cited_rank"] = float(min(shown.rank[number] for number in cited))
        return Draft(
            reader=self.name,
            value=claimed.value,
            claims=claimed.claims,
            conflicts=_conflicts(output, kind, question, shown, claimed.value) if form.conflicts else (),
            reasoning=reasoning,
            rule=self._model.name,
            features=features,
            usage=usage,
        )


def _shown_once_more(
    claim: Claim, question: Question, units: Mapping[int, tuple[Unit, Passage]]
) -> confirming.Shown:
    cited = [units[number] for number in claim.citations if number in units]
    field = f" ({claim.path.strip('/')})" if claim.path else ""
    return confirming.Shown(
        asked=question.text + field,
        value=claim.value,
        lines=[unit.text for unit, _ in cited],
        headings=list(dict.fromkeys(text for _, p in cited for text in (*p.headings, p.context) if text)),
    )


def _confirmed(checked: CheckedClaim, says: bool) -> CheckedClaim:
    if says:
        return replace(
            checked,
            verdict=Verdict.SUPPORTED,
            why="a second look at the cited words bears it out",
            open=False,
        )
    return replace(checked, open=False)


class _Shown(NamedTuple):
    """The lines that the model was given, and what may be said of them."""

    sections: tuple[reading.Section, ...]
    units: dict[int, Unit]
    rank: dict[int, int]  # 0 = in the best passage
    addresses: frozenset[tuple[str, str, str]]  # pages read and links on them

    @classmethod
    def of(cls, passages: Sequence[Passage], form: reading.ReplyForm, evidence: Evidence) -> _Shown:
        """Passages of one page together, pages in the order of their best passage, lines as on the page."""
        first_seen: dict[int, int] = {}
        for position, passage in enumerate(passages):
            first_seen.setdefault(passage.page, position)
        ordered = sorted(
            ((position, passage) for position, passage in enumerate(passages) if passage.units),
            key=lambda entry: (first_seen[entry[1].page], entry[1].units[0].start),
        )
        sections: list[reading.Section] = []
        units: dict[int, Unit] = {}
        rank: dict[int, int] = {}
        for position, passage in ordered:
            fresh = [unit for unit in passage.units if unit.number not in units]
            units.update((unit.number, unit) for unit in fresh)
            for unit in passage.units:
                rank[unit.number] = min(position, rank.get(unit.number, position))
            if fresh:
                sections.append(_section(passage, fresh, evidence, addresses=form.addresses))
        known = {address_key(page.url) for page in evidence.pages}
        known.update(address_key(link.url) for page in evidence.pages for link in page.content.links)
        return cls(tuple(sections), units, rank, frozenset(known))


def _section(
    passage: Passage, units: Sequence[Unit], evidence: Evidence, *, addresses: bool
) -> reading.Section:
    """``addresses``: the answer is one, so pages and links show theirs. Somebody else's page is told by its host."""
    page = reading.one_line(passage.title)[:120] or reading.one_line(passage.url)
    if addresses:
        page = f"{page} | {reading.one_line(passage.url)}"
    if (published := evidence.pages[passage.page].content.published_on) is not None:
        page = f"{page} ({published.isoformat()})"  # of two pages that disagree the newer one is right
    if evidence.pages[passage.page].provenance is not Provenance.OWN:
        page = f"{page} (on another site, {reading.one_line(host_of(passage.url))})"
    headings = [reading.one_line(heading)[:100] for heading in passage.headings[-3:]]
    place = " > ".join(heading for heading in headings if heading and heading not in page)
    context = reading.one_line(passage.context)[:300]
    lines = (
        reading.line(unit.number, unit.text, _links(unit, evidence if addresses else None)) for unit in units
    )
    return reading.Section(page, " | ".join(part for part in (place, context) if part), tuple(lines))


def _links(unit: Unit, evidence: Evidence | None) -> tuple[str, ...]:
    if evidence is None or unit.page >= len(evidence.pages) or unit.script >= 0:
        return ()
    links = evidence.pages[unit.page].content.links
    return tuple(dict.fromkeys(link.url for link in links if unit.start <= link.start < unit.end))[:3]


def _fitting(
    passages: Sequence[Passage], room: int, form: reading.ReplyForm, evidence: Evidence
) -> tuple[Sequence[Passage], int]:
    """The best passages that fit into ``room`` tokens, and how many they take.

    Always some lines of the best one. A passage that does not fit is left out, and smaller ones after it
    are still taken.
    """
    taken: list[Passage] = []
    pages: set[int] = set()
    used = 0
    for passage in passages:
        if not passage.units:
            continue
        section = _section(passage, passage.units, evidence, addresses=form.addresses)
        heading = reading.estimated_tokens(section.place) + 3
        heading += 0 if passage.page in pages else reading.estimated_tokens(section.page) + 3
        costs = [reading.estimated_tokens(reading.rendered_line(entry)) + 1 for entry in section.lines]
        if used + heading + sum(costs) <= room:
            taken.append(passage)
            pages.add(passage.page)
            used += heading + sum(costs)
        elif not taken:
            kept, used = 1, heading + costs[0]
            while kept < len(costs) and used + costs[kept] <= room:
                used += costs[kept]
                kept += 1
            return (_cut(passage, kept),), used
    return taken, used


def _cut(passage: Passage, units: int) -> Passage:
    return Passage(
        page=passage.page,
        url=passage.url,
        title=passage.title,
        headings=passage.headings,
        units=passage.units[:units],
        score=passage.score,
        kind=passage.kind,
        context=passage.context,
    )


class _Claimed(NamedTuple):
    value: Any
    claims: tuple[Claim, ...]
    invented: int = 0  # cited numbers that were not given
    missing: str = ""  # why an honest reply makes no value of the type


def _claims_of_value(
    output: dict[str, Any], kind: AnswerType, question: Question, derivation: Derivation, shown: _Shown
) -> _Claimed:
    if output.get("value") is None or not output.get("answered"):
        return _Claimed(None, ())
    numbers, invented = _citations(output, shown)
    value = _parsed(output["value"], kind, question)
    numbers = _narrowed(numbers, value, kind, question, shown)
    return _Claimed(value, (Claim(path="", value=value, citations=numbers, derivation=derivation),), invented)


def _given(output: Any, form: reading.ReplyForm) -> dict[str, Any]:
    """The fields that a reply gives while it leaves others out; none of a reply that says it is no answer."""
    fields = output.get("fields") if form.fields and isinstance(output, dict) else None
    if not isinstance(fields, dict) or output.get("answered") is False:
        return {}
    return {
        name: entry
        for name in form.fields
        if isinstance(entry := fields.get(name), dict) and entry.get("value") is not None
    }


def _claims_by_field(
    output: dict[str, Any],
    form: reading.ReplyForm,
    kind: AnswerType,
    question: Question,
    derivation: Derivation,
    shown: _Shown,
) -> _Claimed:
    fields = output.get("fields")
    if not isinstance(fields, dict):
        raise UnusableReplyError("fields must be an object with one member for each field")
    given: dict[str, Any] = {}
    cited: dict[str, tuple[int, ...]] = {}
    invented = 0
    for name in form.fields:
        entry = fields.get(name)
        if entry is not None and not isinstance(entry, dict):
            raise UnusableReplyError(f"fields.{name} must be an object of citations and value")
        if entry is None or entry.get("value") is None:
            continue
        cited[name], made_up = _citations(entry, shown, where=f"fields.{name}.")
        invented += made_up
        given[name] = entry["value"]
    if not given or not output.get("answered"):
        return _Claimed(None, (), invented)
    absent = [name for name in form.fields if name not in given]
    value, missing = _object(given, absent, kind, question)
    if missing:
        return _Claimed(None, (), invented, missing)
    claims = tuple(
        Claim(path="/" + _pointer(name), value=value[name], citations=cited[name], derivation=derivation)
        for name in given
        if isinstance(value, dict) and name in value
    )
    return _Claimed(value, claims, invented)


def _object(
    given: dict[str, Any], absent: Sequence[str], kind: AnswerType, question: Question
) -> tuple[Any, str]:
    """The object with its unknown fields left out, or null where the schema insists on them.

    When the schema allows neither, the lines do not answer the question as it was put.
    """
    try:
        return kind.parse(given, question.output_schema), ""
    except InvalidValue as error:
        if not absent:
            raise UnusableReplyError(f"the value is not of the type asked for: {error}") from error
    schema = question.output_schema or {}
    required = [name for name in absent if name in schema.get("required", ())]
    try:
        return kind.parse({**given, **dict.fromkeys(required)}, question.output_schema), ""
    except InvalidValue as error:
        if required and _without(required, kind, given, question):
            return None, f"The lines do not give {', '.join(required)}, which the schema requires."
        raise UnusableReplyError(f"the value is not of the type asked for: {error}") from error


def _without(required: Sequence[str], kind: AnswerType, given: dict[str, Any], question: Question) -> bool:
    """Would ``given`` do if the absent fields were not required?"""
    schema = dict(question.output_schema or {})
    schema["required"] = [name for name in schema.get("required", ()) if name not in required]
    try:
        kind.parse(given, schema)
    except InvalidValue:
        return False
    return True


def _conflicts(
    output: dict[str, Any], kind: AnswerType, question: Question, shown: _Shown, value: Any
) -> tuple[Claim, ...]:
    """Other values that the reply reports. An unusable entry is dropped: the answer does not rest on it."""
    found: list[Claim] = []
    entries = output.get("conflicts")
    for entry in entries if isinstance(entries, list) else ():
        if not isinstance(entry, dict) or entry.get("value") is None:
            continue
        try:
            numbers, _ = _citations(entry, shown)
            other = _parsed(entry["value"], kind, question)
        except UnusableReplyError:
            continue
        if not kind.equal(value, other):
            found.append(Claim(path="", value=other, citations=numbers))
    return tuple(found)


def _citations(entry: dict[str, Any], shown: _Shown, *, where: str = "") -> tuple[tuple[int, ...], int]:
    """The cited numbers that exist, and how many do not."""
    cited = entry.get("citations")
    if isinstance(cited, str | int) and not isinstance(cited, bool):
        cited = [cited]
    if not isinstance(cited, list) or not cited:
        raise UnusableReplyError(f"{where}citations must name at least one line for a value", uncited=True)
    numbers = list(dict.fromkeys(number for one in cited for number in _line_numbers(one)))
    known = tuple(n for n in numbers if n in shown.units)
    if not known:
        raise UnusableReplyError(f"{where}citations name no line that was given: {cited[:5]}")
    return known, len(numbers) - len(known)


def _line_numbers(cited: Any) -> list[int]:
    """The numbers that one citation names: 2, "2", "[2]", "3, 8"."""
    if isinstance(cited, int) and not isinstance(cited, bool):
        return [cited]
    if isinstance(cited, str) and re.fullmatch(r"[\[\]\d,;\s]+", cited):
        return [int(number) for number in re.findall(r"\d{1,9}", cited)]
    return []


def _narrowed(
    numbers: tuple[int, ...], value: Any, kind: AnswerType, question: Question, shown: _Shown
) -> tuple[int, ...]:
    """Where many lines are cited and some of them bear the value out alone, only those.

    Small models cite every line near the right one, which proves nothing less but shows a reader noise.
    """
    if len(numbers) <= _FEW_CITATIONS:
        return numbers
    alone = tuple(n for n in numbers if kind.support(value, [shown.units[n].text], question).holds)
    return alone or numbers


def _parsed(value: Any, kind: AnswerType, question: Question) -> Any:
    try:
        return kind.parse(value, question.output_schema)
    except InvalidValue as error:
        raise UnusableReplyError(f"the value is not of the type asked for: {error}") from error


def _check_addresses(value: Any, shown: _Shown, cited: set[int], *, whole: bool) -> None:
    """Every address in ``value`` was read, was linked to, or stands in the cited words.

    With ``whole`` a string is an address as it stands (answer type ``url``).
    """
    written = {
        address_key(match.group().rstrip(_AFTER_ADDRESS))
        for number in cited
        for match in IN_TEXT.finditer(shown.units[number].text)
    }
    for text in _strings(value):
        for address in [text] if whole else _ADDRESS.findall(text):
            key = address_key(address.rstrip(_AFTER_ADDRESS))
            if key not in shown.addresses and key not in written:
                raise UnusableReplyError(
                    f"the address {address[:200]} is neither that of a page that was read nor linked there"
                )


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for member in value.values():
            yield from _strings(member)
    elif isinstance(value, list | tuple):
        for member in value:
            yield from _strings(member)


def _pointer(name: str) -> str:
    """A member's name in a JSON pointer (RFC 6901, 3)."""
    return name.replace("~", "~0").replace("/", "~1")


def _usage(reply: ModelReply) -> Usage:
    """What the call cost this question; a stored reply was paid for by an earlier try of the same one."""
    return Usage(
        model_calls=1, input_tokens=reply.input_tokens, output_tokens=reply.output_tokens, price=reply.price
    )
