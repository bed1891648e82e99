"""Proofs that leave the house: an answer with the pages it rests on, which anybody can check without a database.

The file holds each page's bytes as they came. Whoever checks it hashes them, makes the canonical text anew by the walk that is
named, hashes that, and looks whether the words stand at the offsets. ``sha256`` is over everything else in the file, so
that a change of what is not under a page's hash, such as the answer, is seen as well; it seals nothing against somebody
who writes a new one.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import zlib
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from leadline.evidence.service import StoredLibrary, quote_fault
from leadline.foundation.database import Database
from leadline.foundation.errors import InvalidInput, NotFound
from leadline.research.answer_types import answer_type
from leadline.research.model import Proof, Source
from leadline.research.ports import Sandbox
from leadline.signals import repository
from leadline.signals.schemas import QuoteCheck, Signal, wire_numbers
from leadline.wire.fields import Time, wire_time

FORMAT = "leadline-proof-1"
MOST_BYTES = 300_000_000  # of a file that is checked
MOST_OF_A_PAGE = 60_000_000  # bytes of one page, unpacked


class ProvenQuote(Struct, rename="camel", kw_only=True):
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


class ProvenSnapshot(Struct, rename="camel", kw_only=True):
    """A page as it came."""

    id: str
    url: str
    content_type: str
    fetched_at: Time
    body: Annotated[str, Meta(description="The page's bytes: zlib (RFC 1950), then base64.")]


class ExportedProof(Struct, rename="camel", kw_only=True):
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
    sha256: Annotated[str, Meta(description="Over the file without this member, as sorted JSON.")] = ""


class Checked(Struct, frozen=True):
    """A proof re-checked: what is wrong with the file as a whole, and each quote."""

    proof: ExportedProof
    faults: tuple[str, ...]
    quotes: tuple[QuoteCheck, ...]

    @property
    def holds(self) -> bool:
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
            raise NotFound(f"A cited page is no longer stored as it came (snapshot {missing[0]})")
        return sealed(_proof(row.signal, sources, [(one, *pages[one]) for one in cited]))


def _proof(
    signal: Signal, sources: list[Source], pages: list[tuple[str, str, str, Any, bytes]]
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
        quotes=[
            ProvenQuote(
                snapshot_id=s.proof.snapshot_id,
                url=s.url,
                title=s.title,
                words=s.snippet,
                start=s.proof.start,
                end=s.proof.end,
                kind="text" if s.proof.kind == "text" else "structured",
                script=s.proof.script,
                walk=s.proof.walk,
                body_sha256=s.proof.body_sha256,
                text_sha256=s.proof.text_sha256,
            )
            for s in sources
        ],
        snapshots=[
            ProvenSnapshot(
                id=snapshot_id,
                url=url,
                content_type=content_type,
                fetched_at=wire_time(fetched_at),
                body=base64.b64encode(zlib.compress(body, 9)).decode(),
            )
            for snapshot_id, url, content_type, fetched_at, body in pages
        ],
    )


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

    The file may be anybody's: pages are read in the sandbox, and nothing is unpacked beyond its bound.
    """
    if len(data) > MOST_BYTES:
        raise InvalidInput(("file", f"is larger than the {MOST_BYTES:,} bytes of the largest proof"))
    try:
        proof = msgspec.json.decode(data, type=ExportedProof)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidInput(("file", f"is no proof that Leadline exported ({error})")) from None
    if proof.format != FORMAT:
        raise InvalidInput(("file", f"is of the format {proof.format[:40]!r}; this version checks {FORMAT}"))
    faults = []
    if _digest(proof) != proof.sha256:
        faults.append("something in the file was changed: its SHA-256 is another")
    if proof.answer is not None and not proof.quotes:
        faults.append("the answer has no quote")
    snapshots = {snapshot.id: snapshot for snapshot in proof.snapshots}
    quotes = [await _checked(quote, snapshots.get(quote.snapshot_id), sandbox) for quote in proof.quotes]
    return Checked(proof, tuple(faults), tuple(quotes))


async def _checked(quote: ProvenQuote, snapshot: ProvenSnapshot | None, sandbox: Sandbox) -> QuoteCheck:
    proof = Proof(
        snapshot_id=quote.snapshot_id,
        body_sha256=quote.body_sha256,
        text_sha256=quote.text_sha256,
        walk=quote.walk,
        start=quote.start,
        end=quote.end,
        kind=quote.kind,
        script=quote.script,
    )
    if snapshot is None:
        return QuoteCheck(quote.url, quote.words, "its page is not in the file", proof)
    if snapshot.url != quote.url:
        return QuoteCheck(quote.url, quote.words, "its page has another address", proof)
    body = _unpacked(snapshot.body)
    if body is None:
        return QuoteCheck(quote.url, quote.words, "the bytes of its page cannot be unpacked", proof)
    return QuoteCheck(
        quote.url,
        quote.words,
        await quote_fault(sandbox, proof, quote.words, body, snapshot.content_type),
        proof,
    )


def _unpacked(text: str) -> bytes | None:
    unzip = zlib.decompressobj()
    try:
        body = unzip.decompress(base64.b64decode(text, validate=True), MOST_OF_A_PAGE)
    except (binascii.Error, ValueError, zlib.error):
        return None
    return body if unzip.eof and not unzip.unused_data else None
