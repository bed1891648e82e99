"""How a signal fails where not the pages are the cause: its model, its process, a fault of ours."""

from __future__ import annotations

from leadline.research.errors import (
    ModelBudgetExceeded,
    ModelContextExceeded,
    ModelError,
    ModelRateLimited,
    ModelRefused,
    ModelReplyInvalid,
    ModelUnavailable,
)
from leadline.research.model import Outcome
from leadline.work.service import GivenUp, Reason

_MODEL_FAILURES: tuple[tuple[type[ModelError], str, str], ...] = (
    (
        ModelBudgetExceeded,
        "MODEL_BUDGET_EXCEEDED",
        "Raise LEADLINE_MAX_MODEL_PRICE or LEADLINE_MAX_MODEL_TOKENS, or ask about fewer things at once.",
    ),
    (ModelRateLimited, "MODEL_RATE_LIMITED", "The model's service asks for fewer calls; ask again later."),
    (
        ModelUnavailable,
        "MODEL_UNAVAILABLE",
        "Check that the model's service runs and can be reached, then ask again.",
    ),
    (ModelRefused, "MODEL_REFUSED", "Check the model's name, its key and its quota (leadline doctor)."),
    (
        ModelContextExceeded,
        "MODEL_CONTEXT_EXCEEDED",
        "Set LEADLINE_MODEL_CONTEXT_TOKENS to what the model can take.",
    ),
    (
        ModelReplyInvalid,
        "MODEL_REPLY_INVALID",
        "The model does not answer in the form asked for; try a stronger one.",
    ),
)


def model_failure(error: ModelError) -> Outcome:
    """The signal of a question whose model gave no usable reply."""
    for kind, code, action in _MODEL_FAILURES:
        if isinstance(error, kind):
            return Outcome(
                failed=True,
                charged=False,
                error=f"The language model failed: {error}",
                error_code=code,
                error_action=action,
            )
    return Outcome(
        failed=True, charged=False, error=f"The language model failed: {error}", error_code="MODEL_FAILED"
    )


def given_up(why: GivenUp) -> Outcome:
    """The signal that was begun, or failed, too often."""
    if why.reason is Reason.DIED:
        return Outcome(
            failed=True,
            charged=False,
            error=f"The question was begun {why.times} times and its process died each time.",
            error_code="TOO_MANY_ATTEMPTS",
            error_action="Look into the logs of the processes that died, then ask again.",
        )
    return Outcome(
        failed=True,
        charged=False,
        error=f"Answering failed {why.times} times with an unexpected fault ({why.detail}).",
        error_code="INTERNAL_FAULT",
        error_action="Look into the worker's log for this signal and report the fault; nothing was charged.",
    )
