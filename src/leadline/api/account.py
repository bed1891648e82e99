"""Credits and connectors over HTTP."""

from __future__ import annotations

from litestar.handlers import HTTPRouteHandler
from litestar.response.base import ASGIResponse

from leadline.api import operations
from leadline.api.answers import encoded
from leadline.api.schemas import Connector, ConnectorsResponse, CreditsBalance
from leadline.api.signals import AnyRequest, caller_of
from leadline.credits.service import Ledger
from leadline.foundation.database import Connection

# Nobody can link a Sales Navigator account yet; the contract has it listed all the same (section 19).
_CONNECTORS = ConnectorsResponse([Connector("salesNavigator", "disconnected")])


def account_routes(ledger: Ledger, reading: Connection) -> list[HTTPRouteHandler]:
    """``reading`` runs statements that only look."""

    async def get_credits(request: AnyRequest) -> ASGIResponse:
        return encoded(CreditsBalance(await ledger.balance(reading, caller_of(request).organisation_id)))

    async def list_connectors(request: AnyRequest) -> ASGIResponse:
        return encoded(_CONNECTORS)

    return [operations.GET_CREDITS.route(get_credits), operations.LIST_CONNECTORS.route(list_connectors)]
