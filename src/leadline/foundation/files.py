"""How many files and connections this process may have open."""

from __future__ import annotations

import contextlib
import resource

ENOUGH = 65_536
"""More is not asked for: some programs that we start go through every number below their limit."""


def raise_open_files() -> int:
    """Raise the soft limit as far as the hard one allows; returns what it is now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    wanted = ENOUGH if hard == unlimited else min(hard, ENOUGH)
    if soft != unlimited and soft < wanted:
        with contextlib.suppress(OSError, ValueError):  # a container may forbid it: the limit stays
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            return wanted
    return ENOUGH if soft == unlimited else soft
