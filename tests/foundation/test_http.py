"""The guarded client, against real loopback servers."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from datetime import UTC, datetime

import brotli
import httpx2
import pytest
from tests.web import (
    Bomb,
    Cut,
    Drip,
    Endless,
    Gzipped,
    Hang,
    Huge,
    InTurn,
    Raw,
    Redirect,
    Reply,
    WebServer,
    certificate,
    refusing_port,
)

from leadline.foundation.http import (
    Fault,
    GuardedClient,
    Limits,
    OutgoingError,
    Retry,
    guarded_async_client,
    redacted,
    retry_after,
    user_agent,
)
from leadline.foundation.network import NetworkPolicy

TWICE_PACKED = gzip.compress(gzip.compress(b"\0" * 100_000_000))
PACKED = gzip.compress(b"<h1>Hello</h1>")
LOOPBACK = NetworkPolicy(allow_networks=["127.0.0.0/8", "::1/128"])


def client(policy: NetworkPolicy = LOOPBACK, **options: object) -> GuardedClient:
    return GuardedClient(policy, user_agent("1.2", "ops@example.org"), **options)


async def fault_of(web: WebServer, path: str, *, seconds: float = 20.0) -> OutgoingError:
    limits = Limits(connect=seconds, read=seconds, total=2 * seconds, body=100_000)
    async with client(limits=limits) as http:
        with pytest.raises(OutgoingError) as caught:
            await http.get(web.origin + path)
    return caught.value


async def test_page_is_read_and_the_client_names_itself() -> None:
    async with WebServer() as web, client() as http:
        web.route("*", "/", Gzipped("<h1>Hello</h1>"))
        answer = await http.get(web.origin + "/", headers={"If-None-Match": '"1"'})
    assert (answer.status, answer.body) == (200, b"<h1>Hello</h1>")
    assert answer.headers["content-type"].startswith("text/html")
    assert web.requests[0].headers["user-agent"] == "Leadline/1.2 (+ops@example.org)"
    assert web.requests[0].headers["if-none-match"] == '"1"'


async def test_cookies_are_not_kept() -> None:
    async with WebServer() as web, client() as http:
        web.route("*", "/", Reply("x", headers={"Set-Cookie": "id=7; Path=/"}))
        await http.get(web.origin + "/")
        await http.get(web.origin + "/")
    assert "cookie" not in web.requests[1].headers


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with WebServer() as web, WebServer() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.origin)
        web.page("*", "/", "direct")
        async with client() as http:
            assert (await http.get(web.origin + "/")).body == b"direct"
        async with guarded_async_client(LOOPBACK, "x") as sdk:
            assert (await sdk.get(web.origin + "/")).text == "direct"
    assert proxy.connections == 0


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (Endless(), Fault.TOO_LARGE),
        (Huge(), Fault.TOO_LARGE),
        (Bomb(), Fault.TOO_LARGE),
        (Cut(), Fault.PROTOCOL),
        (Raw(), Fault.PROTOCOL),
        (Raw(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000 + b"\r\n\r\n"), Fault.PROTOCOL),
        (Raw(b""), Fault.PROTOCOL),
        (Reply(b"not gzip", headers={"Content-Encoding": "gzip"}), Fault.UNDECODABLE),
        (Reply(TWICE_PACKED, headers={"Content-Encoding": "gzip, gzip"}), Fault.TOO_LARGE),
        (Redirect("/"), Fault.TOO_MANY_REDIRECTS),
        (Redirect("ftp://files.test/"), Fault.URL_REFUSED),
        (Redirect("file:///etc/passwd"), Fault.URL_REFUSED),
        (Redirect("http://user:pass@files.test/"), Fault.URL_REFUSED),
        (Redirect("http://[::bad/"), Fault.URL_REFUSED),
        (Redirect("http://169.254.169.254/latest/meta-data/"), Fault.ADDRESS_REFUSED),
        (Redirect("http://10.0.0.1/"), Fault.ADDRESS_REFUSED),
        (Redirect("http://127.0.0.1:65536/"), Fault.ADDRESS_REFUSED),
        (Redirect("http://[fd00:ec2::254]/"), Fault.ADDRESS_REFUSED),
        (Redirect("http://0xa9fea9fe/"), Fault.ADDRESS_REFUSED),
        (Redirect("http://2852039166/"), Fault.ADDRESS_REFUSED),
        (Redirect("https://10.0.0.1./"), Fault.ADDRESS_REFUSED),
    ],
    ids=lambda value: value.value if isinstance(value, Fault) else type(value).__name__,
)
async def test_each_fault_is_told_apart(answer: object, fault: Fault) -> None:
    async with WebServer() as web:
        web.route("*", "/", answer)
        assert (await fault_of(web, "/")).fault is fault


@pytest.mark.parametrize("answer", [Hang(), Drip()], ids=["hangs", "drips"])
async def test_answer_that_never_ends_times_out(answer: object) -> None:
    async with WebServer() as web:
        web.route("*", "/", answer)
        assert (await fault_of(web, "/", seconds=0.3)).fault is Fault.TIMEOUT


async def test_other_tasks_run_while_a_packet_of_megabytes_is_unpacked() -> None:
    limits = Limits(connect=20.0, read=20.0, total=40.0, body=100_000_000)

    async def turns(size: int, coding: str) -> int:
        turned = 0

        async def turn() -> None:
            nonlocal turned
            while True:
                turned += 1
                await asyncio.sleep(0)

        packed = gzip.compress(b"\0" * size)
        async with WebServer() as web, client(limits=limits) as http:
            web.route("*", "/", Reply(packed, headers={"Content-Encoding": coding} if coding else {}))
            task = asyncio.create_task(turn())
            answer = await http.get(web.origin + "/")
            task.cancel()
        assert len(answer.body) == size
        return turned

    for coding in ("gzip", ""):
        assert await turns(40_000_000, coding) >= await turns(1000, coding) + 30


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (brotli.compress(b"<h1>Hello</h1>"), {"Content-Encoding": "br"}),
        (gzip.compress(b"<h1>Hello</h1>"), {}),
        (zlib.compress(b"<h1>Hello</h1>"), {"Content-Encoding": "deflate"}),
    ],
    ids=["brotli that was not asked for", "gzip without a header", "deflate"],
)
async def test_packed_texts_are_unpacked_whether_asked_for_and_named_or_not(
    body: bytes, headers: dict[str, str]
) -> None:
    async with WebServer() as web, client() as http:
        web.route("*", "/", Reply(body, headers=headers))
        assert (await http.get(web.origin + "/")).body == b"<h1>Hello</h1>"
    assert "br" not in web.requests[0].headers["accept-encoding"]


async def test_gzip_file_that_is_meant_to_be_one_stays_packed() -> None:
    async with WebServer() as web, client() as http:
        web.route("*", "/map.xml.gz", Reply(PACKED, content_type="application/gzip"))
        assert (await http.get(web.origin + "/map.xml.gz")).body == PACKED


async def test_unsaid_gzip_that_is_broken_or_grows_too_large_is_told() -> None:
    async with WebServer() as web:
        web.route("*", "/broken", Reply(PACKED[:12] + b"\xff" * 40))
        web.route("*", "/bomb", Reply(gzip.compress(b"\0" * 10_000_000)))
        assert (await fault_of(web, "/broken")).fault is Fault.UNDECODABLE
        assert (await fault_of(web, "/bomb")).fault is Fault.TOO_LARGE


async def test_longer_body_can_be_cut_at_the_limit() -> None:
    async with WebServer() as web, client() as http:
        web.route("*", "/", Huge(100_000))
        web.route("*", "/endless", Endless())
        for path in ("/", "/endless"):
            assert len((await http.get(web.origin + path, max_bytes=5000, cut=True)).body) == 5000


@pytest.mark.parametrize(
    ("url", "recorded"),
    [
        ("https://acme.test", "https://acme.test/"),
        ("HTTPS://Acme.TEST.:443/a/../b#c", "https://acme.test/b"),
        ("https://münchen.test?q=ü", "https://xn--mnchen-3ya.test/?q=%C3%BC"),
        ("http://acme.test:8080/x", "http://acme.test:8080/x"),
    ],
)
async def test_one_page_is_recorded_under_one_address(url: str, recorded: str) -> None:
    async with client() as http:
        assert http.recorded(url) == recorded


async def test_endless_body_is_read_no_further_than_the_limit() -> None:
    body = Endless()
    async with WebServer() as web:
        web.route("*", "/", body)
        await fault_of(web, "/")
    assert body.sent < 20_000_000  # what the sockets of this machine may buffer, not what was read


async def test_refused_connection() -> None:
    async with refusing_port() as port, client() as http:
        with pytest.raises(OutgoingError) as caught:
            await http.get(f"http://127.0.0.1:{port}/")
    assert caught.value.fault is Fault.CONNECTION


async def test_unknown_host() -> None:
    async def nothing(host: str, port: int) -> list[str]:
        raise OSError("no such name")

    async with client(NetworkPolicy(resolver=nothing)) as http:
        with pytest.raises(OutgoingError) as caught:
            await http.get("https://nowhere.test/")
    assert caught.value.fault is Fault.NOT_RESOLVED


@pytest.mark.parametrize(
    "url", ["ftp://a.test/", "javascript:alert(1)", "acme.test", "http://", "https://u:p@a.test/"]
)
async def test_other_than_plain_web_addresses_are_refused(url: str) -> None:
    async with client() as http:
        with pytest.raises(OutgoingError) as caught:
            await http.get(url)
    assert caught.value.fault is Fault.URL_REFUSED
    assert "u:p" not in str(caught.value)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "0.0.0.0",
        "[::]",
        "127.0.0.1.",
        "１２７.0.0.1",
        "①②⑦.0.0.1",
    ],
)
async def test_no_spelling_reaches_loopback(host: str) -> None:
    async with WebServer() as web, client(NetworkPolicy()) as http:
        web.page("*", "*", "secret")
        with pytest.raises(OutgoingError) as caught:
            await http.get(f"http://{host}:{web.port}/")
        assert caught.value.fault in (Fault.ADDRESS_REFUSED, Fault.URL_REFUSED)
        assert web.connections == 0


async def test_rebinding_between_check_and_use_is_impossible() -> None:
    """The name's second answer would be another server; it is never asked for."""
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    async with WebServer() as web:
        web.page("rebind.test", "/", "checked")
        policy = NetworkPolicy(allow_networks=["127.0.0.1/32"], resolver=rebinding)
        async with client(policy) as http:
            assert (await http.get(f"http://rebind.test:{web.port}/")).body == b"checked"
            assert asked == ["rebind.test"]


async def test_name_that_becomes_private_is_refused_on_its_next_connection() -> None:
    answers = [["127.0.0.1"], ["10.0.0.1"]]

    async def rebinding(host: str, port: int) -> list[str]:
        return answers.pop(0)

    async with WebServer() as web:
        web.route("rebind.test", "/", Reply("x", headers={"Connection": "close"}))
        policy = NetworkPolicy(allow_networks=["127.0.0.1/32"], resolver=rebinding)
        async with client(policy) as http:
            await http.get(f"http://rebind.test:{web.port}/")
            with pytest.raises(OutgoingError) as caught:
                await http.get(f"http://rebind.test:{web.port}/")
    assert caught.value.fault is Fault.ADDRESS_REFUSED


async def test_next_address_is_tried_when_the_first_does_not_answer() -> None:
    async def two(host: str, port: int) -> list[str]:
        return ["127.0.0.9", "127.0.0.1"]

    async with WebServer() as web:
        web.page("two.test", "/", "second")
        async with client(NetworkPolicy(allow_networks=["127.0.0.0/8"], resolver=two)) as http:
            assert (await http.get(f"http://two.test:{web.port}/")).body == b"second"


async def test_tls_is_verified_against_the_name_though_the_address_is_pinned() -> None:
    async def loopback(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    server, trusting = certificate("shop.test")
    policy = NetworkPolicy(allow_networks=["127.0.0.0/8"], resolver=loopback)
    async with WebServer(tls=server) as web:
        web.page("shop.test", "/", "secure")
        async with client(policy, tls=trusting) as http:
            assert (await http.get(f"https://shop.test:{web.port}/")).body == b"secure"
            assert web.requests[0].headers["host"] == f"shop.test:{web.port}"
            with pytest.raises(OutgoingError) as wrong_name:
                await http.get(f"https://other.test:{web.port}/")
        async with client(policy) as http:
            with pytest.raises(OutgoingError) as unknown_issuer:
                await http.get(f"https://shop.test:{web.port}/")
    assert wrong_name.value.fault is Fault.TLS
    assert unknown_issuer.value.fault is Fault.TLS


async def test_plain_server_on_a_tls_address_is_a_tls_fault() -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(speak, "127.0.0.1", 0) as plain, client() as http:
        with pytest.raises(OutgoingError) as caught:
            await http.get(f"https://127.0.0.1:{plain.sockets[0].getsockname()[1]}/")
    assert caught.value.fault is Fault.TLS


async def test_redirects_are_followed_and_told_hop_by_hop() -> None:
    hops: list[tuple[str, str]] = []

    async def note(old: str, new: str) -> None:
        hops.append((old, new))

    async with WebServer() as web, client() as http:
        web.route("*", "/a", Redirect("b?x=1#top"))
        web.route("*", "/b", Redirect("/c", status=308))
        web.page("*", "/c", "here")
        answer = await http.get(web.origin + "/a", on_redirect=note)
    assert answer.url == web.origin + "/c"
    assert hops == [(f"{web.origin}/a", f"{web.origin}/b?x=1"), (f"{web.origin}/b?x=1", f"{web.origin}/c")]


async def test_hop_can_be_stopped_before_it_is_requested() -> None:
    class StopError(Exception):
        pass

    async def stop(old: str, new: str) -> None:
        raise StopError

    async with WebServer() as web, client() as http:
        web.route("*", "/a", Redirect("/b"))
        with pytest.raises(StopError):
            await http.get(web.origin + "/a", on_redirect=stop)
    assert web.count(path="/b") == 0


async def test_mapped_host_is_read_over_loopback_and_recorded_as_https() -> None:
    async with WebServer() as web:
        web.page("acme.com", "/", "mapped")
        web.route("acme.com", "/old", Redirect("http://acme.com/"))
        async with client(NetworkPolicy(connect_to={"*": ("127.0.0.1", web.port)})) as http:
            for url in (
                "https://acme.com/",
                "http://acme.com/",
                "https://acme.com/old",
                "https://acme.com:8443/#x",
            ):
                answer = await http.get(url)
                assert (answer.url, answer.body) == ("https://acme.com/", b"mapped")
            with pytest.raises(OutgoingError) as caught:
                await http.get("http://169.254.169.254/")
    assert {r.headers["host"] for r in web.requests} == {"acme.com"}
    assert caught.value.fault is Fault.ADDRESS_REFUSED


# ------------------------------------------------------------------ retries


class Sleeper:
    def __init__(self) -> None:
        self.slept: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.mark.parametrize(
    "first", [Reply(status=503), Reply(status=429), Cut(), Raw(b"")], ids=["503", "429", "cut", "closed"]
)
async def test_transient_fault_is_tried_again(first: object) -> None:
    sleeper = Sleeper()
    async with WebServer() as web, client(sleep=sleeper) as http:
        web.route("*", "/", InTurn(first, Reply("fine")))
        assert (await http.get(web.origin + "/", retry=Retry())).body == b"fine"
    assert len(sleeper.slept) == 1
    assert 0 <= sleeper.slept[0] <= 0.5


async def test_stated_retry_after_is_waited_for() -> None:
    sleeper = Sleeper()
    async with WebServer() as web, client(sleep=sleeper) as http:
        web.route("*", "/", InTurn(Reply(status=429, headers={"Retry-After": "7"}), Reply("fine")))
        assert (await http.get(web.origin + "/", retry=Retry())).status == 200
    assert sleeper.slept == [7.0]


async def test_retry_after_beyond_the_budget_ends_the_trying() -> None:
    sleeper = Sleeper()
    async with WebServer() as web, client(sleep=sleeper) as http:
        web.route("*", "/", Reply(status=429, headers={"Retry-After": "3600"}))
        answer = await http.get(web.origin + "/", retry=Retry(budget=15))
    assert (answer.status, answer.retry_after, sleeper.slept, web.count()) == (429, 3600.0, [], 1)


async def test_trying_ends_after_the_stated_attempts() -> None:
    async with WebServer() as web, client(sleep=Sleeper()) as http:
        web.route("*", "/", Reply(status=500))
        assert (await http.get(web.origin + "/", retry=Retry(attempts=3))).status == 500
    assert web.count() == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 501])
async def test_final_statuses_are_not_tried_again(status: int) -> None:
    async with WebServer() as web, client(sleep=Sleeper()) as http:
        web.route("*", "/", Reply(status=status))
        assert (await http.get(web.origin + "/", retry=Retry())).status == status
    assert web.count() == 1


def test_retry_after_is_read_as_number_or_date() -> None:
    now = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
    assert retry_after({"retry-after": "120"}) == 120
    assert retry_after({"retry-after": "Thu, 01 Jan 2026 12:01:30 GMT"}, now) == 90
    assert retry_after({"retry-after": "Thu, 01 Jan 2026 11:00:00 GMT"}, now) == 0
    for unusable in (
        *("", "-5", "soon", "1e9", "9" * 40, "\u0663", "\u00b2", "\ud800"),
        *("Fri, 31 Dec 99999 23:59:59 GMT", "Fri, 32 Dec 2026 00:00:00 GMT"),
        *("Fri, 31 Dec 9999 23:59:59 -9959", "Mon, 01 Jan 0001 00:00:00 +9959"),
    ):
        assert retry_after({"retry-after": unusable}, now) is None


@pytest.mark.parametrize(
    "absurd", ["999999999", "9" * 20, "Fri, 31 Dec 9999 23:59:59 GMT", "Fri, 31 Dec 9999 23:59:59 -2359"]
)
def test_retry_after_is_a_day_at_most(absurd: str) -> None:
    assert retry_after({"retry-after": absurd}) == 86_400


# ------------------------------------------------------------------ secrets, SDKs


def test_secrets_are_blanked() -> None:
    assert redacted("https://u:p@a.test/x?key=abc&q=two%20words&api_token=t") == (
        "https://a.test/x?key=***&q=two%20words&api_token=***"
    )
    assert "hush" not in redacted("https://u:hush@[::bad/x?key=hush")
    assert redacted("https://a.test/?keyboard=qwerty&page=2") == "https://a.test/?keyboard=qwerty&page=2"


async def test_error_does_not_show_secrets() -> None:
    async with WebServer() as web:
        web.route("*", "/", Cut())
        error = await fault_of(web, "/?api_key=hush")
    assert "hush" not in str(error)
    assert "hush" not in repr(error)


async def test_client_for_libraries_reaches_only_its_endpoint_and_the_public_internet() -> None:
    async with WebServer() as model, WebServer() as inside:
        model.route("*", "/v1/chat", lambda request: Reply(request.body, content_type="application/json"))
        inside.page("*", "*", "secret")
        async with guarded_async_client(NetworkPolicy().trusting(model.origin), "Leadline/1") as sdk:
            assert (await sdk.post(model.origin + "/v1/chat", json={"a": 1})).json() == {"a": 1}
            with pytest.raises(httpx2.ConnectError):
                await sdk.get(inside.origin + "/")
    assert inside.connections == 0
    assert model.requests[0].headers["user-agent"] == "Leadline/1"


async def test_client_for_libraries_bounds_what_it_reads() -> None:
    async with WebServer() as model:
        model.route("*", "/", Endless())
        async with guarded_async_client(NetworkPolicy().trusting(model.origin), "x", max_bytes=50_000) as sdk:
            with pytest.raises(httpx2.ReadError, match="larger than 50000"):
                await sdk.get(model.origin + "/")


@pytest.mark.parametrize("times", [1, 2])
async def test_client_for_libraries_bounds_what_it_unpacks(times: int) -> None:
    """A few kilobytes packed twice become as many gigabytes, though nobody asked for packed ones."""
    body = b"\0" * 100_000_000
    for _ in range(times):
        body = gzip.compress(body)
    async with WebServer() as model:
        model.route("*", "/", Reply(body, headers={"Content-Encoding": ", ".join(["gzip"] * times)}))
        model.route("*", "/fair", Gzipped('{"a": 1}', content_type="application/json"))
        async with guarded_async_client(
            NetworkPolicy().trusting(model.origin), "x", max_bytes=200_000
        ) as sdk:
            with pytest.raises(httpx2.ReadError, match="larger than 200000"):
                await sdk.get(model.origin + "/")
            assert (await sdk.get(model.origin + "/fair")).json() == {"a": 1}


async def test_client_for_libraries_keeps_no_cookies() -> None:
    async with WebServer() as hook:
        hook.route("*", "/", Reply("ok", headers={"Set-Cookie": "who=somebody; Path=/"}))
        async with guarded_async_client(NetworkPolicy().trusting(hook.origin), "x") as sdk:
            await sdk.post(hook.origin + "/")
            await sdk.post(hook.origin + "/")
    assert [request.headers.get("cookie") for request in hook.requests] == [None, None]


async def test_client_for_libraries_leaves_mappings_alone() -> None:
    async def nothing(host: str, port: int) -> list[str]:
        raise OSError("no such name")

    async with WebServer() as web:
        policy = NetworkPolicy(connect_to={"*": ("127.0.0.1", web.port)}, resolver=nothing)
        async with guarded_async_client(policy.trusting("https://api.model.test"), "x") as sdk:
            with pytest.raises(httpx2.ConnectError):
                await sdk.get("https://api.model.test/")
    assert web.connections == 0
