"""``leadline ask --server``: the same question, answered by a server."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from leadline.foundation.errors import ConfigurationError, FieldError, InvalidInput, LeadlineError

if TYPE_CHECKING:
    from leadline.client import AsyncClient, AsyncContactSignals, AsyncSignals, ClientError
    from leadline.client import Signal as RemoteSignal
    from leadline.foundation.settings import Settings
    from leadline.research.ports import Progress
    from leadline.signals.schemas import Signal, SignalRequest

GOES_ON = "The server goes on: ask the same question again, without --force-refresh, to get that answer."
LONGEST_WAIT = 3600.0  # seconds; a server without workers would be waited for without end


def server_of(settings: Settings, server: str | None, key: str | None) -> tuple[str, str] | None:
    """Address and key of the server to ask; None when no server is named."""
    address, key = server or settings.server, key or settings.api_key
    if address is None:
        if key is not None and settings.api_key is None:
            raise ConfigurationError("--key goes with --server (or LEADLINE_SERVER).")
        return None
    if key is None:
        raise ConfigurationError(
            "A server needs an API key: set LEADLINE_API_KEY (or give --key, which other users of this "
            "machine can see)."
        )
    return address, key


def refuse_local_options(*, max_pages: int | None, reader: str) -> None:
    """Raise InvalidInput for what a server decides by its own settings."""
    wrong = []
    if max_pages is not None:
        wrong.append(FieldError("maxPages", "is the server's own setting; drop it"))
    if reader != "auto":
        wrong.append(FieldError("reader", "is the server's own setting; drop it"))
    if wrong:
        raise InvalidInput(*wrong)


async def ask_server(address: str, key: str, request: SignalRequest, progress: Progress | None) -> Signal:
    """Ask, and look again until the signal is finished. Raises LeadlineError."""
    from leadline.client import AsyncClient, ClientError

    try:
        client = AsyncClient(address, key)
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
    say = progress or _silent
    async with client:
        try:
            kind = client.signals if request.contact_profile_url is None else client.contact_signals
            signal = await _create(client, request)
            say("accept", f"signal {signal.id} on {client.base_url}")
            if not signal.finished:
                signal = await _finished(kind, signal.id, say)
        except ClientError as error:
            raise _in_our_words(error, client.base_url) from error
    return _local(signal)


async def _create(client: AsyncClient, request: SignalRequest) -> RemoteSignal:
    asked: dict[str, Any] = {
        "answer_type": request.answer_type,
        "output_schema": request.output_schema,
        "verification_mode": request.verification_mode,
        "force_refresh": request.force_refresh,
    }
    if request.contact_profile_url is None:
        return await client.signals.create(_plain(request.domain), request.question, **asked)
    return await client.contact_signals.create(
        request.contact_profile_url, request.question, sales_navigator=request.sales_navigator, **asked
    )


async def _finished(kind: AsyncSignals | AsyncContactSignals, signal_id: str, say: Progress) -> RemoteSignal:
    """The finished signal; what it does is said as it happens, where the server tells it."""
    from leadline.client import ClientError, Step

    say("wait", "for a worker")
    started = time.monotonic()
    try:
        async with asyncio.timeout(LONGEST_WAIT):
            async for told in kind.watch(signal_id):
                if not isinstance(told, Step):
                    return told
                say(told.step, told.detail, **told.facts)
    except (ClientError, TimeoutError) as error:
        say("wait", f"without being told how it goes: {str(error) or 'it takes long'}")

    def look(seen: RemoteSignal) -> None:
        say("wait", f"{seen.status} for {time.monotonic() - started:.0f} s")

    left = max(1.0, LONGEST_WAIT - (time.monotonic() - started))
    return await kind.wait(signal_id, timeout=left, on_look=look)


def _silent(step: str, detail: str, /, **facts: object) -> None: ...


def _plain(domain: str) -> str:
    """An internationalised name as the wire has it; whatever is wrong with it, the server says."""
    import idna

    if domain.isascii():
        return domain
    try:
        return idna.encode(domain, uts46=True, transitional=False).decode("ascii")
    except idna.IDNAError:
        return domain


def _local(remote: RemoteSignal) -> Signal:
    """The signal as the commands show it."""
    from leadline.signals.schemas import Signal, SourceView

    facts = dict(remote.metadata)
    basis = facts.pop("confidenceBasis", None)
    return Signal(
        id=remote.id,
        organisation_id="",
        status=remote.status,
        domain=remote.domain,
        contact_profile_url=remote.contact_profile_url,
        contact_name=facts.get("contactName"),
        question=remote.question,
        answer_type=remote.answer_type,
        output_schema=None,
        verification_mode=remote.verification_mode,
        created_at=remote.created_at,
        completed_at=remote.completed_at,
        answer=_canonical(remote),
        confidence=remote.confidence,
        confidence_basis=basis if isinstance(basis, str) else None,
        reasoning=remote.reasoning,
        sources=tuple(SourceView(s.url, s.title, s.snippet) for s in remote.sources),
        error=remote.error,
        error_code=remote.error_code,
        error_action=remote.error_action,
        metadata=facts,
    )


def _canonical(remote: RemoteSignal) -> Any:
    value = remote.value
    if remote.answer_type == "currency" and isinstance(value, dict):
        return {"value": value.get("value"), "currency": value.get("currency", "")}
    return value


def _in_our_words(error: ClientError, address: str) -> LeadlineError:
    """The error with its place among the exit codes: bad usage, a wrong setting, or a failure."""
    from leadline import client

    match error:
        case client.InvalidInput() if error.fields:
            return InvalidInput(*((f.field, f.message) for f in error.fields))
        case client.InvalidInput() | client.BadRequest():
            return InvalidInput(message=str(error))
        case client.Unauthorized():
            return ConfigurationError(
                f"{address} refuses the API key: {error} Set LEADLINE_API_KEY to a valid key."
            )
        case client.Forbidden():
            return ConfigurationError(f"The API key may not ask questions: {error}")
        case client.PaymentRequired():
            return LeadlineError(f"No credits left on {address}: {error}")
        case client.RateLimited():
            wait = "" if error.retry_after is None else f" Try again in {error.retry_after:.0f} s."
            return LeadlineError(f"{address} limits this key: {error}.{wait}")
        case client.ServerUnreachable() if error.perhaps_taken:
            return LeadlineError(f"{error} {GOES_ON}")
        case client.ServerUnreachable():
            return LeadlineError(f"{error} Is the server running, and is the address right?")
        case client.WaitTimedOut():
            return LeadlineError(f"{error} Does the server have a worker? {GOES_ON}")
    return LeadlineError(f"{address}: {error}")
