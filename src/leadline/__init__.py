"""Leadline: ask a question about a company, get a typed answer with evidence, or an honest "not found".

    from leadline import ask
    signal = ask("example.com", "What does the Team plan cost per month?", answer_type="currency")

Inside a running event loop use ``await ask_async(...)``. Both use the same database, stored pages and
settings as the command ``leadline ask``, and resume what an earlier process left unfinished.

Importing this package is cheap: everything heavy is loaded on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from leadline.foundation.errors import InvalidInput, LeadlineError
    from leadline.foundation.settings import Settings
    from leadline.signals.schemas import Signal

__all__ = ["InvalidInput", "LeadlineError", "Signal", "ask", "ask_async"]


async def ask_async(
    domain: str,
    question: str,
    *,
    answer_type: str = "open_text",
    output_schema: dict[str, Any] | None = None,
    mode: str = "strict",
    max_pages: int | None = None,
    force_refresh: bool = False,
    reader: str = "auto",
    settings: Settings | None = None,
) -> Signal:
    """Ask one company one question and wait for the answer.

    ``answer_type`` is open_text, boolean, number, list, percentage, currency, url, json_schema, which needs
    ``output_schema``, a JSON Schema, or contacts: people whom your directories know. ``mode`` is strict (only what cited words say) or lenient.
    ``reader`` is auto, model or extractive. Without ``settings`` the environment and the settings file count.

    A signal with ``answer`` None and no ``error_code`` means that everything was read and no answer stands
    there; with an ``error_code`` it means that some page could not be read.

    Raises InvalidInput, which names each wrong field and what to do; other LeadlineErrors when the
    question could not be taken at all.
    """
    from leadline.bootstrap import open_leadline
    from leadline.foundation.settings import load_settings
    from leadline.signals.schemas import SignalRequest

    request = SignalRequest(
        domain=domain,
        question=question,
        answer_type=answer_type,
        output_schema=output_schema,
        verification_mode=mode,
        max_pages=max_pages,
        force_refresh=force_refresh,
    )
    async with open_leadline(settings or load_settings()) as leadline:
        return await leadline.ask(request, reader=reader)


def ask(
    domain: str,
    question: str,
    *,
    answer_type: str = "open_text",
    output_schema: dict[str, Any] | None = None,
    mode: str = "strict",
    max_pages: int | None = None,
    force_refresh: bool = False,
    reader: str = "auto",
    settings: Settings | None = None,
) -> Signal:
    """``ask_async`` for code that has no event loop. Raises RuntimeError where one is running."""
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(
            ask_async(
                domain,
                question,
                answer_type=answer_type,
                output_schema=output_schema,
                mode=mode,
                max_pages=max_pages,
                force_refresh=force_refresh,
                reader=reader,
                settings=settings,
            )
        )
    raise RuntimeError("ask() would block the running event loop: use `await ask_async(...)` here")


def __getattr__(name: str) -> Any:
    if name == "Signal":
        from leadline.signals.schemas import Signal

        return Signal
    if name in ("InvalidInput", "LeadlineError"):
        from leadline.foundation import errors

        return getattr(errors, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
