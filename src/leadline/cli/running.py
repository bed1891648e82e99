"""Exit codes, and how a command runs its coroutine."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from leadline.foundation.settings import Settings

T = TypeVar("T")

EXIT_ANSWERED = 0
EXIT_FAILED = 1
EXIT_BAD_USAGE = 2
EXIT_NO_ANSWER = 3
EXIT_NOT_EVERYWHERE = 4
EXIT_INTERRUPTED = 130  # 128 + SIGINT
EXIT_TERMINATED = 143  # 128 + SIGTERM

# What is true of a command's work when a signal ends it; each command says which.
NOTHING_CHANGED = "Nothing was changed."
REPEATABLE = "It was done wholly or not at all, and is not done twice: give the same command again."


def done_or_not(look: str) -> str:
    """Of what would be done twice. ``look``: the command that shows whether it was done."""
    return f"It was done wholly or not at all: `{look}` shows which, before you give the same command again."


class Interrupted(BaseException):
    """A signal ended the command. The message says what becomes of the work."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def settings_of_command() -> Settings:
    """The settings, with logging set up by them. Only warnings are shown unless the user asks for more."""
    from leadline.foundation.log import configure_logging
    from leadline.foundation.settings import load_settings

    settings = load_settings()
    level = settings.log_level if "log_level" in settings.origins else "warning"
    configure_logging(level, settings.log_format)
    return settings


def run(work: Coroutine[Any, Any, T], *, when_interrupted: str) -> T:
    """Run ``work`` to its end. SIGINT and SIGTERM cancel it, so that everything it opened is closed.

    Raises Interrupted with ``when_interrupted`` when a signal ended it.
    """
    import asyncio
    import signal

    terminated = False

    async def supervised() -> T:
        task = asyncio.current_task()
        assert task is not None

        def terminate() -> None:
            nonlocal terminated
            terminated = True
            task.cancel()

        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, terminate)
        return await work

    try:
        return asyncio.run(supervised())
    except KeyboardInterrupt:
        raise Interrupted(f"Interrupted. {when_interrupted}", EXIT_INTERRUPTED) from None
    except asyncio.CancelledError:
        if not terminated:
            raise
        raise Interrupted(f"Terminated. {when_interrupted}", EXIT_TERMINATED) from None
