"""Proofs that leave the house: an answer with the pages it rests on, which anybody can check without a database.

The file holds each page's bytes as they came. Whoever checks it hashes them, makes the canonical text anew by the walk that is
named, hashes that, and looks whether the words stand at the offsets. ``sha256`` is over everything else in the file, so
that a change of what is not under a page's hash, such as the answer, is seen as well; it seals nothing against somebody
who writes a new one.

Of a page that names somebody who was erased, the file holds the text with the name overwritten, and the hash of what
came. Its quotes are neither proven nor refuted.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import json
import zlib
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from leadline.evidence.service import MARK, MOVED, NAMED, CitedPage, StoredLibrary, by_snapshot, words_at
from leadline.foundation.database import Database
from leadline.foundation.errors import InvalidInput, NotFound
from leadline.research.answer_types import answer_type
from leadline.research.model import PageText, Proof, Provenance, Source
from leadline.research.ports import Sandbox
from leadline.signals import repository
from leadline.signals.schemas import HeldBack, QuoteCheck, Signal, wire_numbers
from leadline.wire.fields import Time, wire_time

FORMAT = "leadline-proof-2"
# Of a file that is checked: it may be anybody's.
MOST_BYTES = 300_000_000
MOST_SIGNS = (
    10_000_000  # commas and opened brackets: no file makes more values in memory than it has of these
)
MOST_QUOTES = 5_000
MOST_PAGES = 200
MOST_OF_A_PAGE = 60_000_000  # bytes, unpacked
MOST_UNPACKED = 300_000_000  # bytes of all pages


class ProvenQuote(Struct, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """Words of a page. ``start`` and ``end`` are characters of its canonical text, or of its JSON-LD ``script``."""

    snapshot_id: str
    url: str
    title: str
    words: str
    start: int
    end: int
    kind: Literal["text", "structured"]
    script: int
    walk: str
    body_sha256: str
    text_sha256: str
    provenance: Annotated[
        Literal["own", "third_party", "directory"] | None,
        Meta(
            description="Whose words they are: the company's own site's, somebody else's, a directory's entry on the subject. "
            "Null: not recorded, as in answers from before it was."
        ),
    ]


class OverwrittenText(Struct, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """The canonical text of a page and its JSON-LD scripts, with a name overwritten letter by letter."""

    text: str
    structured: list[str]


class ProvenSnapshot(Struct, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """A page as it came, or what is left of it."""

    id: str
    url: str
    content_type: str
    fetched_at: Time
    body: Annotated[str | None, Meta(description="The page's bytes: zlib (RFC 1950), then base64.")]
    redacted: Annotated[
        OverwrittenText | None,
        Meta(description="In place of the bytes, where the page names somebody who was erased since."),
    ]


class HeldBackNote(Struct, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """Why an answer that was found does not stand in its proof."""

    confidence: float
    threshold: Annotated[float, Meta(description="The least with which an answer was given.")]
    note: Annotated[str, Meta(description="What that means, and how to be given the answer.")]


class ExportedProof(Struct, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """An answer and what it rests on."""

    format: Annotated[str, Meta(description=f"{FORMAT} is written here.")]
    signal_id: UUID
    subject: Annotated[str, Meta(description="The company's domain, or the person's profile.")]
    question: str
    answer_type: str
    answer: Annotated[dict[str, Any] | None, Meta(description="As the signal has it.")]
    confidence: float | None
    verification_mode: str
    completed_at: Time | None
    quotes: list[ProvenQuote]
    snapshots: list[ProvenSnapshot]
    held_back: Annotated[
        HeldBackNote | UnsetType,
        Meta(
            description="Only where an answer is held back by a threshold. answer and confidence are null then, and the "
            "quotes are what the signal shows as nearest to an answer."
        ),
    ] = UNSET
    sha256: Annotated[str, Meta(description="Over the file without this member, as sorted JSON.")] = ""


class _Header(Struct):
    format: str


class Checked(Struct, frozen=True):
    """A proof re-checked: what is wrong with the file as a whole, and each quote."""

    proof: ExportedProof
    faults: tuple[str, ...]
    quotes: tuple[QuoteCheck, ...]

    @property
    def broken(self) -> bool:
        return bool(self.faults) or any(quote.fault and not quote.redacted for quote in self.quotes)

    @property
    def holds(self) -> bool:
        """Whether everything is proven: neither broken nor redacted."""
        return not self.faults and all(quote.fault is None for quote in self.quotes)


class Proving:
    """Exports the proofs of an organisation's signals."""

    def __init__(self, database: Database, library: StoredLibrary) -> None:
        self._database = database.repeatable
        self._library = library

    async def export(
        self, organisation_id: UUID, signal_id: str, *, about: Literal["COMPANY", "CONTACT"] | None = None
    ) -> ExportedProof:
        """``about``: what the signal must be about; None: either.

        Raises NotFound, also for another organisation's signal, and where a cited page is no longer stored.
        """
        row = None
        with contextlib.suppress(ValueError):
            row = await repository.get(self._database, organisation_id, UUID(signal_id))
        if row is None or (about is not None and (about == "COMPANY") != bool(row.signal.domain)):
            raise NotFound("Signal not found or access denied")
        stored = await repository.sources(self._database, organisation_id, UUID(row.signal.id)) or "[]"
        sources = msgspec.json.decode(stored, type=list[Source])
        cited = list(dict.fromkeys(source.proof.snapshot_id for source in sources))
        pages = await self._library.exported(cited)
        if missing := [one for one in cited if one not in pages]:
            raise NotFound(f"A cited page is no longer stored (snapshot {missing[0]})")
        quotes = [_quote(source, pages[source.proof.snapshot_id].overwritten) for source in sources]
        snapshots = [
            ProvenSnapshot(
                id=one,
                url=pages[one].url,
                content_type=pages[one].content_type,
                fetched_at=wire_time(pages[one].fetched_at),
                body=None if pages[one].overwritten is not None else _packed(pages[one].body),
                redacted=_left(pages[one].overwritten),
            )
            for one in cited
        ]
        return sealed(_proof(row.signal, quotes, snapshots, row.held_back))


def _proof(
    signal: Signal, quotes: list[ProvenQuote], snapshots: list[ProvenSnapshot], held: HeldBack | None
) -> ExportedProof:
    return ExportedProof(
        format=FORMAT,
        signal_id=UUID(signal.id),
        subject=signal.domain or signal.contact_profile_url or "",
        question=signal.question,
        answer_type=signal.answer_type,
        answer=None if signal.answer is None else _on_the_wire(signal.answer_type, signal.answer),
        confidence=signal.confidence,
        verification_mode=signal.verification_mode,
        completed_at=wire_time(signal.completed_at) if signal.completed_at else None,
        quotes=quotes,
        snapshots=snapshots,
        held_back=_note(held) if held is not None else UNSET,
    )


def _note(held: HeldBack) -> HeldBackNote:
    return HeldBackNote(
        confidence=held.confidence,
        threshold=held.threshold,
        note=f"An answer was found and is held back: its confidence of {held.confidence:.2f} is below the threshold of "
        f"{held.threshold:g}. The quotes are what is nearest to an answer, and prove none. To be given one, lower the "
        "threshold or take it back (leadline threshold, PUT /v1/thresholds), and ask again.",
    )


def _quote(source: Source, overwritten: PageText | None) -> ProvenQuote:
    """A quote as it is exported; of a redacted page with the words that are left, whoever asked."""
    proof, words = source.proof, source.snippet
    if overwritten is not None:
        words = words_at(proof, overwritten.text, overwritten.structured) or ""
    return ProvenQuote(
        snapshot_id=proof.snapshot_id,
        url=source.url,
        title=overwritten.title if overwritten is not None else source.title,
        words=words,
        start=proof.start,
        end=proof.end,
        kind="text" if proof.kind == "text" else "structured",
        script=proof.script,
        walk=proof.walk,
        body_sha256=proof.body_sha256,
        text_sha256=proof.text_sha256,
        provenance=_wire_provenance(source.provenance),
    )


def _wire_provenance(known: Provenance | None) -> Literal["own", "third_party", "directory"] | None:
    return None if known is None else known.value


def _left(overwritten: PageText | None) -> OverwrittenText | None:
    if overwritten is None:
        return None
    return OverwrittenText(text=overwritten.text, structured=list(overwritten.structured))


def _packed(body: bytes) -> str:
    return base64.b64encode(zlib.compress(body, 9)).decode()


def _on_the_wire(kind: str, answer: Any) -> Any:
    return msgspec.to_builtins(wire_numbers(answer_type(kind).to_wire(answer)))


def sealed(proof: ExportedProof) -> ExportedProof:
    """The proof with the hash of all its other members."""
    return msgspec.structs.replace(proof, sha256=_digest(proof))


def _digest(proof: ExportedProof) -> str:
    members = msgspec.to_builtins(proof)
    del members["sha256"]
    return hashlib.sha256(msgspec.json.encode(members, order="sorted")).hexdigest()


async def check(data: bytes, sandbox: Sandbox) -> Checked:
    """Re-check an exported proof with nothing but the file. Raises InvalidInput for what is none.

    The file may be anybody's: pages are read in the sandbox, each once, and nothing is unpacked beyond its bound.
    """
    proof = _decoded(data)
    faults = []
    if _digest(proof) != proof.sha256:
        faults.append("something in the file was changed: its SHA-256 is another")
    if proof.answer is not None and not proof.quotes:
        faults.append("the answer has no quote")
    snapshots = {snapshot.id: snapshot for snapshot in proof.snapshots}
    if len(snapshots) < len(proof.snapshots):
        faults.append("two pages in the file have the same id")
    too_many = [
        f"the file has {len(found):,} {what}; no more than {most:,} are checked"
        for found, what, most in (
            (proof.quotes, "quotes", MOST_QUOTES),
            (proof.snapshots, "pages", MOST_PAGES),
        )
        if len(found) > most
    ]
    if too_many:
        return Checked(proof, (*faults, *too_many), ())
    proofs = [_recorded(quote) for quote in proof.quotes]
    checks: dict[int, QuoteCheck] = {}
    room = MOST_UNPACKED
    for snapshot_id, places in by_snapshot(proofs).items():
        cited = [(proof.quotes[place], proofs[place]) for place in places]
        verdicts, used = await _verdicts(snapshots.get(snapshot_id), cited, sandbox, room)
        room -= used
        for place, (quote, recorded), (fault, redacted) in zip(places, cited, verdicts, strict=True):
            checks[place] = QuoteCheck(quote.url, quote.words, fault, recorded, redacted)
    return Checked(proof, tuple(faults), tuple(checks[place] for place in range(len(proofs))))


def _decoded(data: bytes) -> ExportedProof:
    if len(data) > MOST_BYTES:
        raise InvalidInput(("file", f"is larger than the {MOST_BYTES:,} bytes of the largest proof"))
    if sum(map(data.count, (b",", b"[", b"{"))) > MOST_SIGNS:
        raise InvalidInput(
            ("file", f"is no proof that Leadline exported (it has more than {MOST_SIGNS:,} values)")
        )
    try:
        written = msgspec.json.decode(data, type=_Header).format
        if written != FORMAT:
            raise InvalidInput(("file", f"is of the format {written[:40]!r}; this version checks {FORMAT}"))
        json.loads(data, object_pairs_hook=_distinct)
        return msgspec.json.decode(data, type=ExportedProof)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise InvalidInput(("file", f"is no proof that Leadline exported ({error})")) from None


def _distinct(members: list[tuple[str, Any]]) -> None:
    """Refuses an object that has a member twice: two who read it may read two things."""
    seen = set()
    for name, _ in members:
        if name in seen:
            raise ValueError(f"the member {name[:40]!r} stands twice in one object")
        seen.add(name)


def _recorded(quote: ProvenQuote) -> Proof:
    return Proof(
        snapshot_id=quote.snapshot_id,
        body_sha256=quote.body_sha256,
        text_sha256=quote.text_sha256,
        walk=quote.walk,
        start=quote.start,
        end=quote.end,
        kind=quote.kind,
        script=quote.script,
    )


async def _verdicts(
    snapshot: ProvenSnapshot | None, cited: list[tuple[ProvenQuote, Proof]], sandbox: Sandbox, room: int
) -> tuple[list[tuple[str | None, bool]], int]:
    """The fault of each quote of one page, and whether it is only that it was redacted; the bytes that were unpacked."""
    page: CitedPage | None = None
    body, why = None, ""
    if snapshot is None:
        why = "its page is not in the file"
    elif snapshot.redacted is None:
        body, why = _unpacked(snapshot.body or "", room)
        page = CitedPage(sandbox, body, snapshot.content_type) if body is not None else None
    verdicts: list[tuple[str | None, bool]] = []
    for quote, recorded in cited:
        if snapshot is not None and snapshot.url != quote.url:
            verdicts.append(("its page has another address", False))
        elif snapshot is not None and snapshot.redacted is not None:
            verdicts.append(_of_redacted(snapshot.redacted, quote, recorded))
        elif page is None:
            verdicts.append((why, False))
        else:
            verdicts.append((await page.fault(recorded, quote.words), False))
    return verdicts, len(body or b"")


def _of_redacted(left: OverwrittenText, quote: ProvenQuote, recorded: Proof) -> tuple[str, bool]:
    if words_at(recorded, left.text, left.structured) != quote.words:
        return MOVED, False
    if MARK in quote.words:
        return NAMED, True
    return "redacted: its page names somebody who was erased since, so that it cannot be hashed again", True


def _unpacked(text: str, room: int) -> tuple[bytes | None, str]:
    """A page's bytes, or why there are none. ``room``: bytes that may still be unpacked of the file."""
    most = min(MOST_OF_A_PAGE, room)
    unzip = zlib.decompressobj()
    try:
        body = unzip.decompress(base64.b64decode(text, validate=True), most + 1)
    except (binascii.Error, ValueError, zlib.error):
        return None, "the bytes of its page cannot be unpacked"
    if len(body) > most:
        if most == room:
            return (
                None,
                f"its page is not unpacked: the file holds more than {MOST_UNPACKED:,} bytes of pages",
            )
        return None, f"its page is not unpacked: it has more than {MOST_OF_A_PAGE:,} bytes"
    if not unzip.eof or unzip.unused_data:
        return None, "the bytes of its page cannot be unpacked"
    return body, ""
