"""Stored pages over HTTP: ours, beside the contract."""

from __future__ import annotations

from msgspec import UNSET

from leadline.foundation.errors import InvalidInput
from leadline.research.model import Marked
from leadline.signals.replies import Needs
from leadline.signals.schemas import ShowSnapshotQuery, SnapshotPath
from leadline.wire.answers import ForeignPage
from leadline.wire.calls import Call
from leadline.wire.operations import HTML, Answer, Operations


class ShowCall(Call):
    path: SnapshotPath
    query: ShowSnapshotQuery


operations = Operations[Needs]("Snapshots")


@operations.get(
    "/v1/snapshots/{snapshotId}",
    id="showSnapshot",
    summary="Look at a stored page at a quote",
    answers={
        200: Answer(
            "The words of a page that a signal or a report cites, in plain elements, the quote marked as `#quote`. Nothing in it runs, "
            "loads or leads elsewhere.",
            media_type=HTML,
        )
    },
    errors=(400, 404),
)
async def show_snapshot(needs: Needs, call: ShowCall) -> ForeignPage:
    owner, snapshot_id, query = call.caller.organisation_id, call.path.snapshot_id, call.query
    if query.signal is not UNSET:
        quote = 1 if query.quote is UNSET else query.quote
        found = await needs.snapshots.at_quote(owner, str(query.signal), quote, snapshot_id=snapshot_id)
        return ForeignPage(found.html.encode())
    marked = None
    if query.start is not UNSET and query.end is not UNSET:
        script = -1 if query.script is UNSET else query.script
        marked = Marked(start=query.start, end=query.end, script=script)
    elif query.start is not UNSET or query.end is not UNSET:
        raise InvalidInput(("end" if query.end is UNSET else "start", "is missing: both are given, or none"))
    return ForeignPage((await needs.snapshots.page(owner, snapshot_id, marked)).html.encode())
