"""Loopback simulators of language-model services, spoken to over real sockets.

    async with ModelServer(lambda asked: {"value": 42, ...}) as models:
        base_url = models.openai      # or models.anthropic, models.google
        ...
        assert models.asked[0].prompt

The reply is what the function returns for what was asked: a JSON value, a string that is sent as it is,
or an ``Answer`` of ``tests.web`` or one of the misbehaviours below. All three services are served at once:
OpenAI chat completions, Anthropic messages, Google generateContent.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.web import Answer, Reply, Request, WebServer


@dataclass(frozen=True)
class Asked:
    """One request, read out of whichever protocol it came in."""

    service: str  # openai, anthropic, google
    model: str
    instructions: str
    prompt: str
    output_schema: dict[str, Any] | None  # as response format, output format or the tool's parameters
    way: str  # native, tool, prompted or text
    max_tokens: int | None
    temperature: float | None
    headers: dict[str, str]
    body: dict[str, Any]


Said = Any
ReplyFunction = Callable[[Asked], Said]


@dataclass(frozen=True)
class Text:
    """A completion with exactly this text; ``finish`` "length" means that it was cut off."""

    text: str
    finish: str = "stop"
    input_tokens: int | None = None  # None: counted; -1: the service does not tell
    output_tokens: int | None = None


def failing(status: int, *, code: str = "", message: str = "", retry_after: str | None = None) -> Reply:
    """An error as OpenAI-compatible services send it."""
    names = {401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded", 500: "server_error"}
    code = code or names.get(status, "error")
    body = {"error": {"message": message or f"simulated {code}", "type": code, "param": None, "code": code}}
    headers = {"Retry-After": retry_after} if retry_after is not None else {}
    return Reply(json.dumps(body), status=status, content_type="application/json", headers=headers)


def context_exceeded() -> Reply:
    return failing(
        400,
        code="context_length_exceeded",
        message="This model's maximum context length is 4096 tokens. However, your messages are longer.",
    )


@dataclass
class ModelServer:
    """Answers as ``reply`` says, each after ``delay`` seconds."""

    reply: ReplyFunction
    delay: float = 0.0
    asked: list[Asked] = field(default_factory=list)
    web: WebServer = field(default_factory=WebServer)

    @property
    def openai(self) -> str:
        return f"{self.web.origin}/v1"

    @property
    def anthropic(self) -> str:
        return self.web.origin

    @property
    def google(self) -> str:
        return self.web.origin

    async def __aenter__(self) -> ModelServer:
        await self.web.__aenter__()
        self.web.route("*", "*", self._answer)
        return self

    async def __aexit__(self, *exc: Any) -> None:
        await self.web.__aexit__(*exc)

    async def _answer(self, request: Request) -> Answer:
        read = _reader(request)
        if read is None:
            return failing(404, code="not_found", message=f"no such path: {request.path}")
        asked = read(request)
        self.asked.append(asked)
        said = self.reply(asked)
        if self.delay:
            await asyncio.sleep(self.delay)
        if isinstance(said, Answer):
            return said
        text = said if isinstance(said, Text) else Text(said if isinstance(said, str) else json.dumps(said))
        body = _WRITERS[asked.service](asked, text)
        return Reply(json.dumps(body), content_type="application/json")


def _reader(request: Request) -> Callable[[Request], Asked] | None:
    if request.path.endswith("/chat/completions"):
        return _asked_openai
    if request.path.endswith("/messages"):
        return _asked_anthropic
    if request.path.endswith(":generateContent"):
        return _asked_google
    return None


def _asked_openai(request: Request) -> Asked:
    body = json.loads(request.body)
    form = body.get("response_format") or {}
    schema, way = None, "text"
    if form.get("type") == "json_schema":
        schema, way = form["json_schema"]["schema"], "native"
    elif body.get("tools"):
        schema, way = body["tools"][0]["function"]["parameters"], "tool"
    elif form.get("type") == "json_object":
        way = "prompted"
    return Asked(
        service="openai",
        model=body["model"],
        instructions="\n".join(
            _flat(m["content"]) for m in body["messages"] if m["role"] in ("system", "developer")
        ),
        prompt="\n".join(_flat(m["content"]) for m in body["messages"] if m["role"] == "user"),
        output_schema=schema,
        way=way,
        max_tokens=body.get("max_tokens") or body.get("max_completion_tokens"),
        temperature=body.get("temperature"),
        headers=dict(request.headers),
        body=body,
    )


def _asked_anthropic(request: Request) -> Asked:
    body = json.loads(request.body)
    form = (body.get("output_config") or {}).get("format") or {}
    schema, way = None, "text"
    if form.get("type") == "json_schema":
        schema, way = form["schema"], "native"
    elif body.get("tools"):
        schema, way = body["tools"][0]["input_schema"], "tool"
    return Asked(
        service="anthropic",
        model=body["model"],
        instructions=_flat(body.get("system", "")),
        prompt="\n".join(_flat(m["content"]) for m in body["messages"] if m["role"] == "user"),
        output_schema=schema,
        way=way,
        max_tokens=body.get("max_tokens"),
        temperature=body.get("temperature"),
        headers=dict(request.headers),
        body=body,
    )


def _asked_google(request: Request) -> Asked:
    body = json.loads(request.body)
    config = body.get("generationConfig") or {}
    schema = config.get("responseJsonSchema") or config.get("responseSchema")
    way = "native" if schema else "text"
    if not schema and body.get("tools"):
        declared = body["tools"][0]["functionDeclarations"][0]
        schema, way = declared.get("parametersJsonSchema") or declared.get("parameters"), "tool"
    return Asked(
        service="google",
        model=request.path.rsplit("/", 1)[-1].split(":")[0],
        instructions=_flat((body.get("systemInstruction") or {}).get("parts", [])),
        prompt="\n".join(_flat(c["parts"]) for c in body["contents"] if c.get("role") != "model"),
        output_schema=schema,
        way=way,
        max_tokens=config.get("maxOutputTokens"),
        temperature=config.get("temperature"),
        headers=dict(request.headers),
        body=body,
    )


def _flat(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(part if isinstance(part, str) else part.get("text", "") for part in content)


def _tokens(asked: Asked, text: Text) -> tuple[int, int]:
    sent = len(asked.instructions + asked.prompt) // 4 if text.input_tokens is None else text.input_tokens
    return sent, len(text.text) // 4 if text.output_tokens is None else text.output_tokens


def _write_openai(asked: Asked, text: Text) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": text.text, "refusal": None}
    finish = text.finish
    if asked.way == "tool":
        name = asked.body["tools"][0]["function"]["name"]
        call = {"id": "call_1", "type": "function", "function": {"name": name, "arguments": text.text}}
        message = {"role": "assistant", "content": None, "tool_calls": [call]}
        finish = "tool_calls" if finish == "stop" else finish
    sent, written = _tokens(asked, text)
    made: dict[str, Any] = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_760_000_000,
        "model": asked.model,
        "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": None}],
    }
    if sent >= 0:
        made["usage"] = {
            "prompt_tokens": sent,
            "completion_tokens": written,
            "total_tokens": sent + written,
        }
    return made


def _write_anthropic(asked: Asked, text: Text) -> dict[str, Any]:
    content: dict[str, Any] = {"type": "text", "text": text.text}
    stop = {"stop": "end_turn", "length": "max_tokens"}[text.finish]
    if asked.way == "tool":
        name = asked.body["tools"][0]["name"]
        content = {"type": "tool_use", "id": "toolu_1", "name": name, "input": json.loads(text.text)}
        stop = "tool_use"
    sent, written = _tokens(asked, text)
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": asked.model,
        "content": [content],
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": {"input_tokens": sent, "output_tokens": written},
    }


def _write_google(asked: Asked, text: Text) -> dict[str, Any]:
    sent, written = _tokens(asked, text)
    return {
        "candidates": [
            {
                "content": {"role": "model", "parts": [{"text": text.text}]},
                "finishReason": {"stop": "STOP", "length": "MAX_TOKENS"}[text.finish],
                "index": 0,
            }
        ],
        "usageMetadata": {
            "promptTokenCount": sent,
            "candidatesTokenCount": written,
            "totalTokenCount": sent + written,
        },
        "modelVersion": asked.model,
        "responseId": "resp-1",
    }


_WRITERS: dict[str, Callable[[Asked, Text], dict[str, Any]]] = {
    "openai": _write_openai,
    "anthropic": _write_anthropic,
    "google": _write_google,
}
