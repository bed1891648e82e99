"""Models behind a service: the promises of the port, through real sockets and the real libraries."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import httpx2
import pytest
from tests.model_server import ModelServer, Text, context_exceeded, failing
from tests.web import Cut, Hang, InTurn, Raw, Reply, refusing_port

from leadline.connectors.language_models.choice import ModelChoice, model_choice
from leadline.connectors.language_models.pydantic_ai_model import PydanticAIModel
from leadline.connectors.language_models.retrying import Circuit, RetryBudget, Retrying, RetryPolicy
from leadline.research.errors import (
    ModelContextExceeded,
    ModelRateLimited,
    ModelRefused,
    ModelReplyInvalid,
    ModelUnavailable,
)
from leadline.research.model import VerificationMode
from leadline.research.ports import ModelRequest
from leadline.research.prompts.reading import reply_form

REPLY = {"citations": [1], "value": 4, "basis": "stated", "answered": True, "reasoning": "r"}
FORM = reply_form("number", {"type": "number"}, VerificationMode.STRICT, by_field=False)
HALF = Reply('{"choices": [{"mess', content_type="application/json")
REQUEST = ModelRequest(
    instructions="Be exact.", prompt="[1] Four.", output_schema=FORM.schema, max_tokens=321
)


class Naps:
    """Sleeps that take no time and are remembered."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(timeout=30, trust_env=False) as client:
        yield client


def detoured(server: ModelServer) -> httpx2.AsyncClient:
    """A client whose requests all end at ``server``, whatever address they are for."""

    async def detour(request: httpx2.Request) -> None:
        request.url = request.url.copy_with(scheme="http", host="127.0.0.1", port=server.web.port)

    return httpx2.AsyncClient(timeout=30, trust_env=False, event_hooks={"request": [detour]})


def local(server: ModelServer, **more: Any) -> ModelChoice:
    return model_choice("openai-compatible:some-model", base_url=server.openai, **more)


def impatient(naps: Naps | None = None, **policy: Any) -> Retrying:
    return Retrying(RetryPolicy(**policy), sleep=naps or Naps(), chance=lambda: 1.0)


# ------------------------------------------------------------------ what goes out and comes back

SERVICES = [
    ("openai-compatible:m", "openai", "native"),
    ("ollama:m", "openai", "native"),
    ("vllm:m", "openai", "native"),
    ("llamacpp:m", "openai", "native"),
    ("lmstudio:m", "openai", "native"),
    ("openai:gpt-4o", "openai", "native"),
    ("anthropic:claude-haiku-4-5", "anthropic", "native"),
    ("anthropic:claude-3-haiku-20240307", "anthropic", "tool"),
    ("google:gemini-2.5-flash", "google", "native"),
]


@pytest.mark.parametrize(("spec", "service", "way"), SERVICES)
async def test_every_provider_gets_one_bounded_call_and_gives_json(
    spec: str, service: str, way: str, http: httpx2.AsyncClient
) -> None:
    async with ModelServer(lambda _: REPLY) as server:
        choice = model_choice(spec, base_url=getattr(server, service), api_key="key-1")
        reply = await PydanticAIModel(choice, http).complete(REQUEST)
        assert reply.output == REPLY
        assert (reply.input_tokens, reply.output_tokens) == (4, len(json.dumps(REPLY)) // 4)
        assert reply.model == spec
        (asked,) = server.asked
        assert (asked.service, asked.way) == (service, way)
        assert asked.instructions == "Be exact."
        assert asked.prompt == "[1] Four."
        assert (asked.max_tokens, asked.temperature) == (321, 0)
        assert "key-1" in "".join(asked.headers.values())
        assert asked.output_schema is not None
        assert list(asked.output_schema["properties"]) == list(FORM.schema["properties"])


@pytest.mark.parametrize("way", ["native", "tool", "prompted"])
async def test_structured_mode_is_what_the_setting_says(way: Any, http: httpx2.AsyncClient) -> None:
    async with ModelServer(lambda _: REPLY) as server:
        reply = await PydanticAIModel(local(server, structured=way), http).complete(REQUEST)
        assert reply.output == REPLY
        assert server.asked[0].way == way


async def test_ollama_is_not_asked_to_force_a_tool(http: httpx2.AsyncClient) -> None:
    async with ModelServer(lambda _: REPLY) as server:
        choice = model_choice("ollama:m", base_url=server.openai, structured="tool")
        await PydanticAIModel(choice, http).complete(REQUEST)
        assert server.asked[0].body.get("tool_choice") in (None, "auto")


@pytest.mark.parametrize(
    "spec", ["google:gemini-2.5-pro", "openai:gpt-5-mini", "anthropic:claude-sonnet-5-5"]
)
async def test_model_that_must_think_has_room_to_reply_after_it(spec: str) -> None:
    """Through the provider's own address, since its models are told apart by it."""
    async with ModelServer(lambda _: REPLY) as server, detoured(server) as http:
        reply = await PydanticAIModel(model_choice(spec, api_key="k"), http).complete(REQUEST)
        assert reply.output == REPLY
        (asked,) = server.asked
        assert asked.max_tokens in (321, 321 + 2_000)
        assert asked.max_tokens == 321 + 2_000 or thinks_not(asked.body)


def thinks_not(body: dict[str, Any]) -> bool:
    return (body.get("thinking") or {}).get("type") in (None, "disabled", "between_tools")


async def test_json_inside_a_code_fence_is_read(http: httpx2.AsyncClient) -> None:
    async with ModelServer(lambda _: f"```json\n{json.dumps(REPLY)}\n```") as server:
        assert (await PydanticAIModel(local(server), http).complete(REQUEST)).output == REPLY


@pytest.mark.parametrize(
    "said",
    [Text("I would say four."), Text('{"citations": [1], "val', finish="length"), Text("")],
    ids=["prose", "cut off", "empty"],
)
async def test_reply_that_is_not_json_comes_as_text_because_it_was_paid_for(
    said: Text, http: httpx2.AsyncClient
) -> None:
    async with ModelServer(lambda _: said) as server:
        reply = await PydanticAIModel(local(server), http).complete(REQUEST)
        assert reply.output == said.text
        assert reply.input_tokens > 0


@pytest.mark.parametrize(
    ("text", "output"),
    [
        ('{"value": "a\\u0000b"}', {"value": "a\ufffdb"}),
        ('{"value": "a\\ud800b"}', {"value": "a?b"}),
        ('{"value": NaN}', {"value": None}),
        ("\x00 no", "\ufffd no"),
    ],
)
async def test_reply_can_be_stored(text: str, output: Any, http: httpx2.AsyncClient) -> None:
    async with ModelServer(lambda _: text) as server:
        assert (await PydanticAIModel(local(server), http).complete(REQUEST)).output == output


# ------------------------------------------------------------------ money and tokens


async def test_price_follows_the_settings(http: httpx2.AsyncClient) -> None:
    said = Text(json.dumps(REPLY), input_tokens=2_000, output_tokens=100)
    async with ModelServer(lambda _: said) as server:
        choice = local(server, input_price=Decimal("0.50"), output_price=Decimal(2))
        assert (await PydanticAIModel(choice, http).complete(REQUEST)).price == Decimal("0.0012")


async def test_price_of_an_unknown_service_is_unknown_even_for_a_known_name(http: httpx2.AsyncClient) -> None:
    async with ModelServer(lambda _: REPLY) as server:
        choice = model_choice("openai:gpt-4o", base_url=server.openai, api_key="k")
        assert (await PydanticAIModel(choice, http).complete(REQUEST)).price is None


async def test_published_price_is_used_for_the_providers_own_service() -> None:
    said = Text("{}", input_tokens=1_000_000, output_tokens=0)
    async with ModelServer(lambda _: said) as server, detoured(server) as http:
        reply = await PydanticAIModel(model_choice("openai:gpt-4o", api_key="k"), http).complete(REQUEST)
    assert reply.price is not None
    assert reply.price > 0


async def test_price_of_a_model_newer_than_the_price_list_is_unknown() -> None:
    async with ModelServer(lambda _: REPLY) as server, detoured(server) as http:
        reply = await PydanticAIModel(model_choice("openai:gpt-99-x", api_key="k"), http).complete(REQUEST)
    assert reply.price is None


async def test_tokens_are_estimated_when_the_service_does_not_tell(http: httpx2.AsyncClient) -> None:
    async with ModelServer(lambda _: Text(json.dumps(REPLY), input_tokens=-1)) as server:
        reply = await PydanticAIModel(local(server), http).complete(REQUEST)
        assert reply.input_tokens > 0
        assert reply.output_tokens > 0


# ------------------------------------------------------------------ errors


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (failing(401), ModelRefused),
        (failing(403), ModelRefused),
        (failing(404), ModelRefused),
        (failing(400, code="invalid_request_error", message="bad schema"), ModelRefused),
        (failing(429, code="insufficient_quota"), ModelRefused),
        (context_exceeded(), ModelContextExceeded),
        (
            failing(
                400, code="x", message="the request exceeds the available context size, try increasing it"
            ),
            ModelContextExceeded,
        ),
        (Reply("<html>Welcome</html>"), ModelReplyInvalid),
    ],
    ids=["401", "403", "404", "400", "quota", "context", "llama.cpp context", "a web page"],
)
async def test_error_that_another_try_does_not_help_is_raised_at_once(
    answer: Reply, error: type[Exception], http: httpx2.AsyncClient
) -> None:
    async with ModelServer(lambda _: answer) as server:
        with pytest.raises(error):
            await PydanticAIModel(local(server), http, retrying=impatient()).complete(REQUEST)
        assert len(server.asked) == 1


@pytest.mark.parametrize(
    "answer", [failing(500), failing(503), Raw(), Cut(), HALF], ids=["500", "503", "raw", "cut", "half"]
)
async def test_service_in_trouble_is_tried_again_with_growing_waits(
    answer: Any, http: httpx2.AsyncClient
) -> None:
    replies = InTurn(answer, answer, answer, Reply("never"))
    naps = Naps()
    async with ModelServer(lambda _: replies) as server:
        with pytest.raises(ModelUnavailable):
            await PydanticAIModel(local(server), http, retrying=impatient(naps, attempts=3)).complete(REQUEST)
        assert len(server.asked) == 3
    assert naps.taken == [0.5, 1.0]


async def test_recovered_service_answers_after_a_failure(http: httpx2.AsyncClient) -> None:
    said = iter([failing(500), REPLY])
    async with ModelServer(lambda _: next(said)) as server:
        reply = await PydanticAIModel(local(server), http, retrying=impatient()).complete(REQUEST)
    assert reply.output == REPLY


async def test_refused_connection_is_unavailable(http: httpx2.AsyncClient) -> None:
    async with refusing_port() as port:
        choice = model_choice("vllm:m", base_url=f"http://127.0.0.1:{port}/v1")
        with pytest.raises(ModelUnavailable):
            await PydanticAIModel(choice, http, retrying=impatient(attempts=2)).complete(REQUEST)


async def test_service_that_hangs_is_given_up_after_the_time_out(http: httpx2.AsyncClient) -> None:
    async with ModelServer(lambda _: Hang()) as server:
        model = PydanticAIModel(local(server, timeout=0.2), http, retrying=impatient(attempts=1))
        with pytest.raises(ModelUnavailable):
            await model.complete(REQUEST)


async def test_rate_limit_waits_as_long_as_the_service_says(http: httpx2.AsyncClient) -> None:
    said = iter([failing(429, retry_after="7"), REPLY])
    naps = Naps()
    async with ModelServer(lambda _: next(said)) as server:
        await PydanticAIModel(local(server), http, retrying=impatient(naps)).complete(REQUEST)
    assert naps.taken == [7]


async def test_rate_limit_without_a_time_waits_on_its_own_account(http: httpx2.AsyncClient) -> None:
    said = iter([failing(429), REPLY])
    naps = Naps()
    async with ModelServer(lambda _: next(said)) as server:
        await PydanticAIModel(local(server), http, retrying=impatient(naps)).complete(REQUEST)
    assert naps.taken == [0.5]


async def test_rate_limit_longer_than_the_patience_is_not_waited_for(http: httpx2.AsyncClient) -> None:
    naps = Naps()
    async with ModelServer(lambda _: failing(429, retry_after="3600")) as server:
        with pytest.raises(ModelRateLimited) as caught:
            await PydanticAIModel(local(server), http, retrying=impatient(naps)).complete(REQUEST)
    assert caught.value.retry_after == 3600
    assert naps.taken == []


async def test_error_does_not_show_the_key(http: httpx2.AsyncClient) -> None:
    answer = failing(401, message="Incorrect API key provided: sk-very-secret")
    async with ModelServer(lambda _: answer) as server:
        model = PydanticAIModel(local(server, api_key="sk-very-secret"), http)
        with pytest.raises(ModelRefused) as caught:
            await model.complete(REQUEST)
    assert "sk-very-secret" not in str(caught.value)
    assert "Incorrect API key" in str(caught.value)


async def test_calls_at_once_stay_below_the_limit(http: httpx2.AsyncClient) -> None:
    async with ModelServer(lambda _: REPLY, delay=0.01) as server:
        model = PydanticAIModel(local(server, concurrency=2), http)
        await asyncio.gather(*(model.complete(REQUEST) for _ in range(8)))
        assert server.web.most_in_flight["127.0.0.1"] == 2


# ------------------------------------------------------------------ patience


async def test_dead_service_fails_at_once_until_the_pause_is_over() -> None:
    now = [0.0]
    calls = 0

    async def dead() -> None:
        nonlocal calls
        calls += 1
        raise ModelUnavailable("refused")

    circuit = Circuit(failures=3, pause=30, clock=lambda: now[0])
    retrying = Retrying(RetryPolicy(attempts=1), circuit=circuit, clock=lambda: now[0])
    for _ in range(5):
        with pytest.raises(ModelUnavailable):
            await retrying(dead)
    assert calls == 3
    now[0] = 31
    for _ in range(3):
        with pytest.raises(ModelUnavailable):
            await retrying(dead)
    assert calls == 4


async def test_one_success_closes_the_circuit() -> None:
    now = [0.0]
    circuit = Circuit(failures=1, pause=30, clock=lambda: now[0])
    circuit.failed()
    with pytest.raises(ModelUnavailable, match="next try in 30 s"):
        circuit.check()
    now[0] = 31
    circuit.check()
    circuit.succeeded()
    circuit.check()


async def test_repetitions_stay_within_the_retry_budget() -> None:
    calls = 0

    async def dead() -> None:
        nonlocal calls
        calls += 1
        raise ModelUnavailable("refused")

    retrying = Retrying(
        RetryPolicy(attempts=4),
        budget=RetryBudget(share=0.1, allowance=5),
        circuit=Circuit(failures=10_000),
        sleep=Naps(),
    )
    for _ in range(50):
        with pytest.raises(ModelUnavailable):
            await retrying(dead)
    assert calls <= 50 + 5 + 5


async def test_time_for_all_tries_is_bounded() -> None:
    now = [0.0]

    async def slow() -> None:
        now[0] += 50
        raise ModelUnavailable("timed out")

    retrying = Retrying(RetryPolicy(attempts=10, total=120), sleep=Naps(), clock=lambda: now[0])
    with pytest.raises(ModelUnavailable):
        await retrying(slow)
    assert now[0] <= 170
