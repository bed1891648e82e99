"""A proof that left the house is checked with nothing but the file, and one changed byte is caught."""

from __future__ import annotations

import base64
import json
import random
import zlib
from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec
import pytest
from tests.directories import MemoryDirectory, only
from tests.signals.test_contacts import SITE, QuotingReader, about
from tests.signals.test_service import ASK, make_service

from leadline.accounts.service import default_organisation, organisation
from leadline.connectors.pages.fake import MemoryFetcher
from leadline.connectors.sandbox.fake import InlineSandbox
from leadline.evidence.service import redact
from leadline.foundation.database import Database
from leadline.foundation.errors import InvalidInput, NotFound
from leadline.research.model import PageText
from leadline.research.readers.extractive.reader import ExtractiveReader
from leadline.signals import proving
from leadline.signals.proving import MOST_OF_A_PAGE, ExportedProof, Proving, check, sealed


@pytest.fixture
async def exported(database: Database) -> tuple[Proving, UUID, str, bytes]:
    org = await default_organisation(database.repeatable)
    service = make_service(database)
    signal = await service.ask(org, ASK)
    proving = Proving(database, service._library)
    return proving, org, signal.id, msgspec.json.encode(await proving.export(org, signal.id))


Exported = tuple[Proving, UUID, str, bytes]


async def test_proof_holds_without_a_database(exported: Exported) -> None:
    checked = await check(exported[3], InlineSandbox())
    assert checked.holds
    assert checked.proof.answer == {"type": "number", "number": {"value": 1987}}
    (quote,) = checked.quotes
    assert quote.snippet == "Acme was founded in 1987 by Wile Coyote."
    assert checked.proof.quotes[0].provenance == "own"
    # However it is laid out: what is hashed is what it says.
    assert (await check(msgspec.json.format(exported[3], indent=3), InlineSandbox())).holds


def _body(change: Callable[[bytes], bytes]) -> Callable[[Any], None]:
    def tamper(proof: Any) -> None:
        snapshot = proof["snapshots"][0]
        body = change(zlib.decompress(base64.b64decode(snapshot["body"])))
        snapshot["body"] = base64.b64encode(zlib.compress(body)).decode()

    return tamper


def _quote(member: str, value: Any) -> Callable[[Any], None]:
    return lambda proof: proof["quotes"][0].update({member: value})


TAMPERINGS: dict[str, tuple[Callable[[Any], None], str]] = {
    "a byte of the page": (_body(lambda b: b.replace(b"1987", b"1988")), "bytes are not those"),
    "the words": (_quote("words", "Acme was founded in 1988 by Wile Coyote."), "do not stand"),
    "the start": (lambda p: p["quotes"][0].update(start=p["quotes"][0]["start"] + 1), "do not stand"),
    "an absurd end": (_quote("end", 10**15), "do not stand"),
    "a start before the text": (_quote("start", -41), "do not stand"),
    "the hash of the page": (_quote("bodySha256", "0" * 64), "bytes are not those"),
    "the hash of the text": (_quote("textSha256", "0" * 64), "canonical text differs"),
    "the walk": (_quote("walk", "walk-99"), "cannot make"),
    "a script that is not there": (
        lambda p: p["quotes"][0].update(kind="structured", script=7),
        "do not stand",
    ),
    "the page": (lambda p: p["snapshots"].clear(), "not in the file"),
    "the address": (_quote("url", "https://acme.com/other"), "another address"),
    "the packing": (lambda p: p["snapshots"][0].update(body="!!"), "cannot be unpacked"),
    "something behind the page": (
        lambda p: p["snapshots"][0].update(
            body=base64.b64encode(base64.b64decode(p["snapshots"][0]["body"]) + b"more").decode()
        ),
        "cannot be unpacked",
    ),
    "a page that unpacks without an end": (
        lambda p: p["snapshots"][0].update(
            body=base64.b64encode(zlib.compress(b"\0" * (MOST_OF_A_PAGE + 1), 1)).decode()
        ),
        "more than 60,000,000 bytes",
    ),
}


@pytest.mark.parametrize("name", TAMPERINGS)
async def test_what_was_changed_is_named_even_where_the_file_was_sealed_anew(
    exported: Exported, name: str
) -> None:
    tamper, said = TAMPERINGS[name]
    proof = json.loads(exported[3])
    tamper(proof)
    checked = await check(json.dumps(proof).encode(), InlineSandbox())
    assert not checked.holds
    assert checked.faults
    forged = sealed(msgspec.convert(proof, ExportedProof))
    checked = await check(msgspec.json.encode(forged), InlineSandbox())
    assert not checked.faults
    assert said in str(checked.quotes[0].fault)


@pytest.mark.parametrize(
    ("member", "value"),
    [("answer", {"type": "number", "number": {"value": 1988}}), ("question", "When?"), ("confidence", 1.0)],
)
async def test_changed_answer_is_caught(exported: Exported, member: str, value: Any) -> None:
    proof = json.loads(exported[3]) | {member: value}
    assert (await check(json.dumps(proof).encode(), InlineSandbox())).faults


async def test_any_changed_byte_is_caught(exported: Exported) -> None:
    chance = random.Random(5)
    for _ in range(150):
        at = chance.randrange(len(exported[3]))
        changed = bytearray(exported[3])
        changed[at] ^= 1 << chance.randrange(7)
        try:
            holds = (await check(bytes(changed), InlineSandbox())).holds
        except InvalidInput:
            continue
        assert not holds, f"byte {at}"


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"[" * 100_000, b'{"format": "leadline-proof-1"}', b"\xff\xfe\x00"],
    ids=["empty", "no proof", "nested", "cut off", "no text"],
)
async def test_what_is_no_proof_is_said_to_be_none(data: bytes) -> None:
    with pytest.raises(InvalidInput, match="proof"):
        await check(data, InlineSandbox())


async def test_other_format_is_named_even_where_it_has_other_members(exported: Exported) -> None:
    proof = json.loads(exported[3]) | {"format": "leadline-proof-9", "seal": "new"}
    with pytest.raises(InvalidInput, match="leadline-proof-9"):
        await check(json.dumps(proof).encode(), InlineSandbox())


UNKNOWN: dict[str, Callable[[Any], Any]] = {
    "the proof": lambda proof: proof,
    "a quote": lambda proof: proof["quotes"][0],
    "a page": lambda proof: proof["snapshots"][0],
}


@pytest.mark.parametrize("where", UNKNOWN)
async def test_member_that_there_is_not_is_refused(exported: Exported, where: str) -> None:
    proof = json.loads(exported[3])
    UNKNOWN[where](proof)["checkedBy"] = "somebody"
    with pytest.raises(InvalidInput, match="checkedBy"):
        await check(json.dumps(proof).encode(), InlineSandbox())


@pytest.mark.parametrize(
    "member", [b'"question":', b'"words":', b'"value":'], ids=["proof", "quote", "answer"]
)
async def test_member_that_stands_twice_is_refused(exported: Exported, member: bytes) -> None:
    assert exported[3].count(member) == 1
    twice = exported[3].replace(member, member + b'"what another reads",' + member)
    with pytest.raises(InvalidInput, match="stands twice"):
        await check(twice, InlineSandbox())


class CountingSandbox(InlineSandbox):
    """Counts the pages that it reads."""

    def __init__(self) -> None:
        self.walks: list[str] = []

    async def read_page(self, body: bytes, content_type: str, url: str, *, walk: str = "walk-2") -> PageText:
        self.walks.append(walk)
        return await super().read_page(body, content_type, url, walk=walk)


def _with_quotes(exported: bytes, count: int) -> bytes:
    proof = json.loads(exported)
    proof["quotes"] *= count
    return msgspec.json.encode(sealed(msgspec.convert(proof, ExportedProof)))


async def test_page_is_walked_once_for_each_walk_however_many_quotes_cite_it(exported: Exported) -> None:
    sandbox = CountingSandbox()
    checked = await check(_with_quotes(exported[3], proving.MOST_QUOTES), sandbox)
    assert checked.holds
    assert len(checked.quotes) == proving.MOST_QUOTES
    assert sandbox.walks == ["walk-2"]
    proof = json.loads(_with_quotes(exported[3], 4))
    proof["quotes"][1]["walk"] = proof["quotes"][3]["walk"] = "walk-1"
    await check(json.dumps(proof).encode(), sandbox := CountingSandbox())
    assert sorted(sandbox.walks) == ["walk-1", "walk-2"]


async def test_more_quotes_than_are_checked_are_named(exported: Exported) -> None:
    checked = await check(_with_quotes(exported[3], proving.MOST_QUOTES + 1), sandbox := CountingSandbox())
    assert checked.broken
    assert "5,001 quotes; no more than 5,000" in checked.faults[0]
    assert sandbox.walks == []


def _with_pages(exported: bytes, count: int) -> bytes:
    proof = json.loads(exported)
    page, quote = proof["snapshots"][0], proof["quotes"][0]
    proof["snapshots"] = [page | {"id": f"{place}"} for place in range(count)]
    proof["quotes"] = [quote | {"snapshotId": f"{place}"} for place in range(count)]
    return msgspec.json.encode(sealed(msgspec.convert(proof, ExportedProof)))


async def test_more_pages_than_are_checked_are_named(exported: Exported) -> None:
    assert (await check(_with_pages(exported[3], proving.MOST_PAGES), InlineSandbox())).holds
    checked = await check(_with_pages(exported[3], proving.MOST_PAGES + 1), sandbox := CountingSandbox())
    assert checked.broken
    assert "201 pages; no more than 200" in checked.faults[0]
    assert sandbox.walks == []


async def test_pages_are_unpacked_to_no_more_than_their_bound_together(exported: Exported) -> None:
    packed = base64.b64encode(zlib.compress(b" " * MOST_OF_A_PAGE, 1)).decode()
    proof = json.loads(_with_pages(exported[3], 8))
    for page in proof["snapshots"]:
        page["body"] = packed
    for quote in proof["quotes"]:
        quote["bodySha256"] = "0" * 64  # so that nothing is walked
    forged = sealed(msgspec.convert(proof, ExportedProof))
    checked = await check(msgspec.json.encode(forged), InlineSandbox())
    said = [str(quote.fault) for quote in checked.quotes]
    assert [one.startswith("the stored bytes are not those") for one in said] == [True] * 5 + [False] * 3
    assert all("the file holds more than 300,000,000 bytes of pages" in one for one in said[5:])


async def test_file_of_nothing_but_values_is_refused_before_it_is_read(exported: Exported) -> None:
    many = b"[" + b"[]," * (proving.MOST_SIGNS // 2) + b"[]]"
    data = exported[3].replace(b'"number":{', b'"number":{"x":' + many + b",", 1)
    with pytest.raises(InvalidInput, match="more than 10,000,000 values"):
        await check(data, InlineSandbox())


async def test_two_pages_of_one_id_are_named(exported: Exported) -> None:
    proof = json.loads(exported[3])
    proof["snapshots"] *= 2
    forged = sealed(msgspec.convert(proof, ExportedProof))
    checked = await check(msgspec.json.encode(forged), InlineSandbox())
    assert checked.faults == ("two pages in the file have the same id",)


async def test_quote_of_an_erased_person_is_neither_proven_nor_broken(
    database: Database, exported: Exported
) -> None:
    proving_, org, signal_id, before = exported
    assert b"Wile" in before
    async with database.transaction() as connection:
        assert await redact(connection, ["acme.com"], "Wile Coyote") == 1
    data = msgspec.json.encode(await proving_.export(org, signal_id))
    assert b"Coyote" not in data
    checked = await check(data, InlineSandbox())
    assert not checked.holds
    assert not checked.broken
    (quote,) = checked.quotes
    assert quote.redacted
    assert str(quote.fault).startswith("redacted")
    assert quote.snippet == "Acme was founded in 1987 by ████ ██████."
    assert quote.proof.body_sha256 == json.loads(before)["quotes"][0]["bodySha256"]


async def test_what_was_changed_in_a_redacted_proof_is_broken(database: Database, exported: Exported) -> None:
    proving_, org, signal_id, _ = exported
    async with database.transaction() as connection:
        await redact(connection, ["acme.com"], "Wile Coyote")
    proof = msgspec.to_builtins(await proving_.export(org, signal_id))
    proof["quotes"][0]["words"] = "Acme was founded in 1988 by ████ ██████."
    checked = await check(msgspec.json.encode(sealed(msgspec.convert(proof, ExportedProof))), InlineSandbox())
    assert checked.broken
    assert "do not stand" in str(checked.quotes[0].fault)


async def test_proof_of_another_organisation_or_kind_is_not_found(
    database: Database, exported: Exported
) -> None:
    proving, org, signal_id, _ = exported
    stranger = await organisation(database.repeatable, "stranger")
    with pytest.raises(NotFound):
        await proving.export(stranger, signal_id)
    with pytest.raises(NotFound):
        await proving.export(org, signal_id, about="CONTACT")
    with pytest.raises(NotFound):
        await proving.export(org, "no-id")


async def test_words_of_a_directory_are_told_from_the_companys_own(database: Database) -> None:
    org = await default_organisation(database.repeatable)
    for question, provenance, reader in (
        ("What is their current role?", "directory", ExtractiveReader()),
        ("What are the responsibilities?", "own", QuotingReader("reseller")),
    ):
        service = make_service(
            database, MemoryFetcher(SITE), reader=reader, directories=only(MemoryDirectory())
        )
        signal = await service.ask(org, about(question))
        data = msgspec.json.encode(await Proving(database, service._library).export(org, signal.id))
        checked = await check(data, InlineSandbox())
        assert checked.holds
        assert {quote.provenance for quote in checked.proof.quotes} == {provenance}


async def test_an_answer_from_before_provenance_was_recorded_has_none(
    database: Database, exported: Exported
) -> None:
    proving_, org, signal_id, _ = exported
    await database.execute("update signals set sources = sources #- '{0,provenance}'")
    found = await proving_.export(org, signal_id)
    assert [quote.provenance for quote in found.quotes] == [None]
    assert (await check(msgspec.json.encode(found), InlineSandbox())).holds
