"""Whether somebody else's words name a company."""

from __future__ import annotations

import pytest

from leadline.research.documents.names import company_names, names_company
from leadline.research.model import Company


def company(host: str, name: str | None = None) -> Company:
    return Company(host=host, asked_host=host, name=name)


@pytest.mark.parametrize(
    ("host", "text"),
    [
        ("acme.com", "Acme was founded in 1987."),
        ("acme.com", "ACME's founder"),
        ("acme.com", "see www.acme.com for more"),
        ("shop.acme.co.uk", "The Acme Corporation"),
        ("letsencrypt.org", "Let's Encrypt issues certificates."),
        ("foerde-backhaus.de", "Das Förde-Backhaus in Kiel"),
        ("foerde-backhaus.de", "Förde Backhaus GmbH"),
        ("fly.io", "Fly.io runs machines"),
        ("fly.io", "deploys on fly.io are quick"),
        ("37signals.com", "as 37signals told us"),
    ],
)
def test_a_company_is_named(host: str, text: str) -> None:
    assert names_company(company(host), text)


@pytest.mark.parametrize(
    ("host", "text"),
    [
        ("acme.com", "Acmeology was founded in 1987."),
        ("acme.com", "The acme of craft."),
        ("acme.com", "The firm was founded in 1987."),
        ("fly.io", "You can fly to Leeds."),
        ("canonical.com", "the canonical address"),
        ("foerde-backhaus.de", "Förde Reisen"),
        ("apple-juice.com", "Apple was founded in 1976."),
        ("letsencrypt.org", "Lets. We cannot say. Encrypt it."),
        ("hp.com", "HP"),  # two letters stand for too many things
    ],
)
def test_a_company_is_not_named(host: str, text: str) -> None:
    assert not names_company(company(host), text)


def test_a_known_name_names_the_company() -> None:
    assert names_company(company("bfk.example", "Backhaus Förde Kiel"), "Backhaus Förde Kiel opened in 1999.")


def test_its_own_pages_may_call_it_by_the_first_part_of_its_name() -> None:
    assert "mueller" in company_names(company("mueller-metallbau.de"))
