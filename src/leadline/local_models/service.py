"""Finds model servers on loopback, and fetches model files: resumed where they stopped, checked before they are used."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path

import httpx2
import msgspec

from leadline.foundation.errors import InvalidInput, LeadlineError
from leadline.local_models.schemas import CatalogueEntry, LocalServer

FOLDER = "models"  # in the data folder
REPLY_SECONDS = 2.0  # a server on this machine answers at once, or is none
_SPARE = 500_000_000  # bytes of the disk that are left for everything else
_MOST_HOPS = 5
_REDIRECTS = (301, 302, 303, 307, 308)

Told = Callable[[int, int], None]
"""Told how many bytes of how many are here. Must not block."""


class NotFetched(LeadlineError):
    """The file could not be fetched."""


def catalogue() -> tuple[CatalogueEntry, ...]:
    """The models that can be fetched, the most capable first."""
    written = resources.files(__package__).joinpath("catalogue.json").read_bytes()
    return msgspec.json.decode(written, type=tuple[CatalogueEntry, ...])


def entry(name: str) -> CatalogueEntry:
    """Raises InvalidInput for a name that is not in the catalogue."""
    known = {one.name: one for one in catalogue()}
    if name not in known:
        raise InvalidInput(
            ("name", f"there is no model {name!r} in the catalogue; there are {', '.join(known)}")
        )
    return known[name]


def path_of(one: CatalogueEntry, data_dir: Path) -> Path:
    """Where the file lies once it is fetched."""
    return data_dir / FOLDER / one.file


async def servers(client: httpx2.AsyncClient, addresses: Mapping[str, str]) -> tuple[LocalServer, ...]:
    """The servers that answer under ``addresses`` (provider to base address), with the models they offer.

    All of them speak the OpenAI protocol, in which ``GET /models`` lists what can be asked. What does not answer so is
    something else, or nothing.
    """
    found = await asyncio.gather(*(_server(client, provider, base) for provider, base in addresses.items()))
    return tuple(server for server in found if server is not None)


async def _server(client: httpx2.AsyncClient, provider: str, base_url: str) -> LocalServer | None:
    try:
        answer = await client.get(f"{base_url}/models", timeout=REPLY_SECONDS)
    except httpx2.HTTPError:
        return None
    if answer.status_code != 200:
        return None
    try:
        models = msgspec.json.decode(answer.content, type=_Models)
    except msgspec.DecodeError:
        return None
    return LocalServer(provider, base_url, tuple(model.id for model in models.data))


class _Model(msgspec.Struct):
    id: str


class _Models(msgspec.Struct):
    data: list[_Model]


async def fetch(client: httpx2.AsyncClient, one: CatalogueEntry, data_dir: Path, told: Told) -> Path:
    """The file, fetched where it is not here yet.

    What an earlier attempt left is gone on with (RFC 9110, 14.2). A file whose hash differs is deleted. Raises NotFetched,
    which says what to do.
    """
    target = path_of(one, data_dir)
    if target.exists():
        told(one.bytes, one.bytes)
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.partial")
    here = partial.stat().st_size if partial.exists() else 0
    if here > one.bytes:
        partial.unlink()
        here = 0
    free = shutil.disk_usage(target.parent).free
    if free < one.bytes - here + _SPARE:
        raise NotFetched(
            f"{one.name} needs {(one.bytes - here) / 1e9:.1f} GB more, but only {free / 1e9:.1f} GB are free in "
            f"{target.parent}. Make room, or set LEADLINE_DATA_DIR to another disk."
        )
    if here < one.bytes:
        await _download(client, one, partial, here, told)
    if await asyncio.to_thread(_sha256, partial) != one.sha256:
        partial.unlink()
        raise NotFetched(
            f"The file that came is not the one the catalogue names (its SHA-256 differs), and was deleted. Try again; "
            f"if it happens again, {one.address} holds something else now."
        )
    partial.replace(target)
    return target


async def _download(
    client: httpx2.AsyncClient, one: CatalogueEntry, partial: Path, here: int, told: Told
) -> None:
    try:
        answer = await _answer(client, one.address, here)
        try:
            if answer.status_code == 200:
                here = 0  # from the beginning: the server knows no ranges
            elif answer.status_code != 206:
                raise NotFetched(f"{one.address} answered {answer.status_code}. Try again later.")
            with partial.open("ab" if here else "wb") as file:
                async for chunk in answer.aiter_bytes():
                    if here + len(chunk) > one.bytes:
                        raise NotFetched(
                            f"{one.address} sends more than the {one.bytes:,} bytes of the model."
                        )
                    await asyncio.to_thread(file.write, chunk)
                    here += len(chunk)
                    told(here, one.bytes)
                file.flush()
                os.fsync(file.fileno())
        finally:
            await answer.aclose()
    except httpx2.HTTPError as error:
        raise _interrupted(one, str(error) or type(error).__name__) from error
    except OSError as error:
        raise NotFetched(f"{partial} cannot be written: {error.strerror}") from error
    if here < one.bytes:
        raise _interrupted(one, f"{here:,} of {one.bytes:,} bytes came")


async def _answer(client: httpx2.AsyncClient, address: str, here: int) -> httpx2.Response:
    """The answer, its body not yet read, behind at most five redirects: model hubs keep files on another host."""
    url = httpx2.URL(address)
    headers = {"Range": f"bytes={here}-"} if here else {}
    for _ in range(_MOST_HOPS + 1):
        answer = await client.send(client.build_request("GET", url, headers=headers), stream=True)
        if answer.status_code not in _REDIRECTS:
            return answer
        await answer.aclose()
        url = url.join(answer.headers.get("location", ""))
    raise NotFetched(f"{address} leads from one address to the next without an end.")


def _interrupted(one: CatalogueEntry, why: str) -> NotFetched:
    return NotFetched(
        f"{one.name} was not fetched whole ({why}). Run the command again: it goes on where it stopped."
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
