"""Finding an address: what pages publish, the pattern they show, what the mail server says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.mail_servers import MailServer, NameServer, only
from tests.web import Hang, WebServer
from tests.worker.conftest import settings_for

from leadline.bootstrap import Leadline, open_leadline
from leadline.connectors.mail import smtp
from leadline.emails import service
from leadline.emails.schemas import FindEmailResponse
from leadline.foundation.errors import ExternalFailed, InvalidInput, PaymentRequired

TEAM = """<title>Team</title><h1>Our team</h1>
<h3>Ada Quist</h3><p>CEO<br><a href="mailto:ada.quist@acme.com">ada.quist@acme.com</a></p>
<h3>Bo Lindqvist</h3><p>Finance<br>bo.lindqvist@acme.com</p>
<p>Press: press@acme.com</p>"""
ZONE = {("acme.com", "MX"): ["10 mx.acme.com."], ("mx.acme.com", "A"): ["127.0.0.1"]}
SENDER = "research@leadline.example"


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but what hangs is to be cut off, however loaded the machine is."""
    monkeypatch.setattr(service, "SECONDS", 90.0)
    monkeypatch.setattr(service, "_SITE_SECONDS", 60.0)


@pytest.fixture
async def web() -> AsyncIterator[WebServer]:
    async with WebServer() as server:
        server.page("acme.com", "/", '<title>Acme</title><p>Hello there.</p><a href="/team">Team</a>')
        server.page("acme.com", "/team", TEAM)
        yield server


@pytest.fixture
async def names() -> AsyncIterator[NameServer]:
    async with NameServer(dict(ZONE)) as server:
        yield server


class Finding:
    """Leadline over these servers; with a mail server it is asked."""

    def __init__(self, web: WebServer, names: NameServer, database_url: str, tmp_path: Path) -> None:
        self._web, self._names = web, names
        self._database_url, self._tmp_path = database_url, tmp_path

    @asynccontextmanager
    async def opened(self, mail: MailServer | None = None, **more: object) -> AsyncIterator[Leadline]:
        address, port = self._names.address
        if mail is not None:
            more |= {
                "email_smtp_sender": SENDER,
                "email_smtp_port": mail.port,
                "allow_networks": ("127.0.0.0/8",),
            }
        settings = settings_for(
            self._web, self._database_url, self._tmp_path, dns_server=f"{address}:{port}", **more
        )
        async with open_leadline(settings) as leadline:
            yield leadline

    async def find(
        self, name: str = "Jane Doe", mail: MailServer | None = None, domain: str = "acme.com", **more: object
    ) -> FindEmailResponse:
        async with self.opened(mail, **more) as leadline:
            return await leadline.emails.find(await leadline.organisation(), name, domain)


@pytest.fixture
def finding(web: WebServer, names: NameServer, database_url: str, tmp_path: Path) -> Finding:
    return Finding(web, names, database_url, tmp_path)


def told(response: FindEmailResponse) -> tuple[str | None, str | None]:
    return response.email, response.verification and response.verification.state


async def test_the_pattern_of_published_addresses_is_a_risky_guess(finding: Finding) -> None:
    found = await finding.find()
    assert told(found) == ("jane.doe@acme.com", "risky")
    assert found.verification is not None
    assert found.verification.score == 67
    assert found.evidence
    assert (found.evidence.kind, found.evidence.pattern, found.evidence.seen) == (
        "pattern",
        "{first}.{last}",
        2,
    )


async def test_a_published_address_is_told_with_its_page(finding: Finding) -> None:
    found = await finding.find("Ada Quist")
    assert told(found) == ("ada.quist@acme.com", "risky")
    assert found.evidence
    assert (found.evidence.kind, found.evidence.url) == ("published", "https://acme.com/team")


async def test_a_mailbox_that_its_server_knows_is_deliverable_and_its_pattern_remembered(
    finding: Finding,
) -> None:
    async with MailServer(only("jane.doe@acme.com")) as mail, finding.opened(mail) as leadline:
        found = await leadline.emails.find(await leadline.organisation(), "Jane Doe", "www.acme.com.")
        assert told(found) == ("jane.doe@acme.com", "deliverable")
        kept = await leadline.database.fetch("select domain, pattern, verified from email_patterns")
        assert [tuple(row) for row in kept] == [("acme.com", "{first}.{last}", 1)]


async def test_a_pattern_that_was_verified_once_is_tried_first(finding: Finding, web: WebServer) -> None:
    web.page("acme.com", "/team", "<title>Team</title><p>Nobody is named here.</p>")
    async with (
        MailServer(only("doe.jane@acme.com", "roe.rick@acme.com")) as mail,
        finding.opened(mail) as leadline,
    ):
        org = await leadline.organisation()
        await leadline.database.execute(
            "insert into email_patterns (domain, pattern) values ('acme.com', '{last}.{first}')"
        )
        found = await leadline.emails.find(org, "Jane Doe", "acme.com")
        assert told(found) == ("doe.jane@acme.com", "deliverable")
        asked = [line for line in mail.heard if line.startswith("RCPT")]
        assert "doe.jane" in asked[1]  # the first is the invented one
    found = await finding.find("Rick Roe")  # without the server's word it is still what is known
    assert told(found) == ("roe.rick@acme.com", "risky")


async def test_a_domain_that_accepts_anything_confirms_nobody(finding: Finding) -> None:
    async with MailServer() as mail:
        found = await finding.find(mail=mail)
    assert told(found) == ("jane.doe@acme.com", "risky")
    assert found.verification is not None
    assert (found.verification.accept_all, found.verification.score) == (True, 40)


async def test_an_address_that_is_refused_is_not_told(finding: Finding) -> None:
    async with MailServer(only("nobody@acme.com")) as mail:
        assert told(await finding.find(mail=mail)) == (None, None)
    async with MailServer(only("nobody@acme.com")) as mail:
        gone = await finding.find("Ada Quist", mail)
    assert told(gone) == (None, None)
    assert "does not know" in str(gone.note)


async def test_greylisting_leaves_the_guess_and_says_so(finding: Finding) -> None:
    async with MailServer(lambda _: "450 4.2.1 greylisted") as mail:
        found = await finding.find(mail=mail)
    assert told(found) == ("jane.doe@acme.com", "risky")
    assert "450" in str(found.could_not_look)


async def test_a_domain_without_mail_has_no_addresses(finding: Finding, names: NameServer) -> None:
    names.zone[("acme.com", "MX")] = ["0 ."]
    found = await finding.find("Ada Quist")
    assert told(found) == (None, None)
    assert "takes no mail" in str(found.note)


async def test_where_mail_goes_is_not_known_so_no_pattern_is_told(
    finding: Finding, names: NameServer
) -> None:
    names.silent.add("acme.com")
    found = await finding.find()
    assert told(found) == (None, None)
    assert "mail servers of acme.com" in str(found.could_not_look)
    published = await finding.find("Ada Quist")
    assert told(published) == ("ada.quist@acme.com", "risky")


async def test_nothing_published_and_nobody_asked_is_none(finding: Finding, web: WebServer) -> None:
    web.page("acme.com", "/team", "<title>Team</title><p>Nobody is named here.</p>")
    found = await finding.find()
    assert told(found) == (None, None)
    assert "no published address" in str(found.note)
    assert not found.could_not_look


async def test_a_site_that_is_down_is_told_beside_none(finding: Finding, web: WebServer) -> None:
    web.route("acme.com", "*", Hang())
    found = await finding.find(fetch_timeout=0.5)
    assert told(found) == (None, None)
    assert "acme.com" in str(found.could_not_look)


async def test_when_nothing_could_be_looked_at_it_is_a_failure(
    finding: Finding, web: WebServer, names: NameServer
) -> None:
    web.route("acme.com", "*", Hang())
    names.silent.add("acme.com")
    with pytest.raises(ExternalFailed, match=r"acme\.com"):
        await finding.find(fetch_timeout=0.5)


async def test_it_takes_no_longer_than_it_may(
    finding: Finding, web: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "SECONDS", 20.0)
    monkeypatch.setattr(smtp, "REPLY_SECONDS", 1_000.0)
    async with MailServer(greeting=None) as mail:
        found = await finding.find(mail=mail)
    assert told(found) == ("jane.doe@acme.com", "risky")
    assert "in time" in str(found.could_not_look)


@pytest.mark.parametrize("domain", ["gmail.com", "mailinator.com"])
async def test_a_domain_of_everybodys_tells_nothing(finding: Finding, web: WebServer, domain: str) -> None:
    found = await finding.find(domain=domain)
    assert told(found) == (None, None)
    assert "anybody" in str(found.note) or "thrown away" in str(found.note)
    assert web.count(domain, "/") == 0


async def test_umlauts_and_particles_follow_the_pattern(finding: Finding) -> None:
    assert told(await finding.find("Jörg Müller"))[0] == "joerg.mueller@acme.com"
    assert told(await finding.find("Jan van der Berg"))[0] == "jan.vanderberg@acme.com"


async def test_a_name_in_another_script_has_no_pattern(finding: Finding) -> None:
    assert told(await finding.find("Иван Петров")) == (None, None)


@pytest.mark.parametrize(
    ("name", "domain", "fields"),
    [
        ("Jane", "acme.com", {"full_name"}),
        ("Jane A B C Doe", "acme.com", {"full_name"}),
        ("Jane Doe", "https://acme.com", {"domain"}),
        ("Jane Doe", "jane@acme.com", {"domain"}),
        ("Jane", "acme", {"full_name", "domain"}),
    ],
)
async def test_what_cannot_be_asked_is_refused(
    finding: Finding, name: str, domain: str, fields: set[str]
) -> None:
    with pytest.raises(InvalidInput) as refused:
        await finding.find(name, domain=domain)
    assert {field for field, _ in refused.value.fields} == fields


async def test_an_address_is_paid_for_when_it_is_found(finding: Finding, web: WebServer) -> None:
    async with finding.opened(email_price=3, monthly_credits=4) as leadline:
        org = await leadline.organisation()
        await leadline.emails.find(org, "Иван Петров", "acme.com")
        assert await leadline.ledger.balance(leadline.database, org) == 4
        await leadline.emails.find(org, "Jane Doe", "acme.com")
        assert await leadline.ledger.balance(leadline.database, org) == 1
        assert await leadline.ledger.audit(leadline.database) == ()
        with pytest.raises(PaymentRequired):
            await leadline.emails.find(org, "Jane Doe", "acme.com")
