"""The client of a Leadline server.

    from leadline.client import Client

    with Client("https://leadline.example.com", key) as leadline:
        signal = leadline.signals.create_sync("example.com", "Do they have SOC 2?", answer_type="boolean")
        print(signal.value, signal.sources)
        role = leadline.contact_signals.create_sync("https://www.linkedin.com/in/jane-doe", "What is their role?")

``AsyncClient`` is the same for asyncio. It knows the wire only (the contract's signal operations) and
nothing else of Leadline.
"""

from leadline.client.asynchronous import AsyncClient, AsyncContactSignals, AsyncSignals
from leadline.client.blocking import Client
from leadline.client.errors import (
    ApiError,
    BadRequest,
    ClientError,
    Conflict,
    Forbidden,
    InvalidInput,
    NotFound,
    PaymentRequired,
    RateLimited,
    RequestTimedOut,
    ServerFault,
    ServerUnreachable,
    Unauthorized,
    UnexpectedAnswer,
    WaitTimedOut,
)
from leadline.client.schemas import Connector, FieldError, Signal, Source, Step
from leadline.client.transport import Retry

__all__ = [
    "ApiError",
    "AsyncClient",
    "AsyncContactSignals",
    "AsyncSignals",
    "BadRequest",
    "Client",
    "ClientError",
    "Conflict",
    "Connector",
    "FieldError",
    "Forbidden",
    "InvalidInput",
    "NotFound",
    "PaymentRequired",
    "RateLimited",
    "RequestTimedOut",
    "Retry",
    "ServerFault",
    "ServerUnreachable",
    "Signal",
    "Source",
    "Step",
    "Unauthorized",
    "UnexpectedAnswer",
    "WaitTimedOut",
]
