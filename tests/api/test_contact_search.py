"""Contact search over HTTP (contract section 16), over people that were imported and that companies name themselves."""

from __future__ import annotations

import json
from typing import Any

import pytest
import pytest_asyncio
from tests.api.service import Account, Api

from leadline.contacts.intake import Found, take_in
from leadline.research.people import Origin, Position, Profile

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATH = "/v1/contacts/search"
MILL = "https://www.linkedin.com/company/hull-mills"


def person(name: str, title: str, url: str | None = MILL, **more: Any) -> Profile:
    company = more.pop("company", "Hull Mills")
    return Profile(
        full_name=name, positions=(Position(title=title, company=company, company_url=url),), **more
    )


PEOPLE = [
    person(
        "Ada Quist",
        "VP of Engineering",
        profile_url="https://www.linkedin.com/in/ada-quist",
        location="Oslo, Norway",
    ),
    person(
        "Bram van der Berg", "Sales Director", location="San Francisco, California", email="bram@mill.com"
    ),
    person("Zoë Müller", "Head of People", None, location="Kiel, Germany", company="Hull Mills Ltd"),
    person("王伟", "Software Engineer", "https://www.linkedin.com/company/1234", company="Third"),
    person("Cher", "Founder & CEO", "https://www.linkedin.com/company/other", company="Other", country="US"),
]


async def bring(api: Api, account: Account, people: list[Profile], file: str = "people.csv") -> None:
    origin = Origin(source="import", reference=file)
    async with api.database.transaction() as connection:
        await take_in(connection, account.organisation_id, [Found(one, origin) for one in people])


@pytest_asyncio.fixture(loop_scope="module")
async def filled(api: Api, acme: Account) -> Account:
    await bring(api, acme, PEOPLE)
    return acme


async def names(account: Account, **wanted: Any) -> list[str]:
    answer = await account.post(PATH, wanted)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["salesNavConnected"] is True
    assert body["total"] == len(body["items"])
    return [one["fullName"].split()[0] for one in body["items"]]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (
            {"companyLinkedInUrls": ["https://de.linkedin.com/company/Hull-Mills/?x=1"]},
            ["Ada", "Bram", "Zoë"],
        ),
        ({"companyLinkedInUrls": [MILL, "linkedin.com/company/other"]}, ["Ada", "Bram", "Zoë", "Cher"]),
        ({"companyLinkedInUrls": ["https://www.linkedin.com/sales/company/1234"]}, ["王伟"]),
        ({"firstName": "zoe"}, ["Zoë"]),
        ({"lastName": "Van der Berg"}, ["Bram"]),
        ({"lastName": "Cher"}, ["Cher"]),
        ({"firstName": "王伟"}, ["王伟"]),
        ({"jobTitles": ["Vice President Engineering"]}, ["Ada"]),
        ({"jobTitles": ["chief executive officer", "vp engineering"]}, ["Ada", "Cher"]),
        ({"keywords": "mills director"}, ["Bram"]),
        ({"countries": ["NO", "DE"]}, ["Ada", "Zoë"]),
        ({"countries": ["US"]}, ["Bram", "Cher"]),
        ({"departments": ["Human Resources", "sales"]}, ["Bram", "Zoë"]),
        ({"seniorityLevels": ["Owner/Partner", "Vice President"]}, ["Ada", "Cher"]),
        ({"seniorityLevels": ["Director"], "countries": ["US"]}, ["Bram"]),
        ({"firstName": "'; drop table people; --"}, []),
        ({"keywords": "!!!"}, []),
        ({"jobTitles": ["%"]}, []),
    ],
)
async def test_values_are_alternatives_and_members_narrow(
    filled: Account, wanted: dict[str, Any], found: list[str]
) -> None:
    assert await names(filled, **wanted) == found


async def test_pages_follow_each_other_and_zero_is_the_default(filled: Account) -> None:
    first = (await filled.post(PATH, {"companyLinkedInUrls": [MILL], "limit": 2, "offset": 0})).json()
    assert (len(first["items"]), first["total"], first["hasMore"]) == (2, 3, True)
    second = (await filled.post(PATH, {"companyLinkedInUrls": [MILL], "limit": 2, "offset": 2})).json()
    assert (len(second["items"]), second["hasMore"]) == (1, False)
    beyond = (await filled.post(PATH, {"companyLinkedInUrls": [MILL], "limit": 2, "offset": 50})).json()
    assert (beyond["items"], beyond["total"], beyond["hasMore"]) == ([], 3, False)
    every = (await filled.post(PATH, {"companyLinkedInUrls": [MILL], "limit": 0, "offset": 0})).json()
    assert (every["limit"], every["offset"]) == (25, 0)


async def test_a_person_is_shown_with_the_origin(filled: Account) -> None:
    (one,) = (await filled.post(PATH, {"firstName": "Ada"})).json()["items"]
    assert one["role"] == "VP of Engineering"
    assert one["companyName"] == "Hull Mills"
    assert one["seniority"] == ["Vice President"]
    assert one["linkedInProfileUrl"] == "https://www.linkedin.com/in/ada-quist"
    assert one["origins"] == [{"source": "import", "reference": "people.csv"}]


@pytest.mark.parametrize(
    ("wanted", "field", "says"),
    [
        ({}, "companyLinkedInUrls", "is required"),
        ({"limit": 5}, "companyLinkedInUrls", "is required"),
        ({"companyLinkedInUrls": [], "keywords": "  "}, "companyLinkedInUrls", "is required"),
        (
            {"departments": ["Engineering Ops"]},
            "departments",
            "invalid value: Engineering Ops; did you mean 'Engineering'",
        ),
        ({"departments": ["HR"]}, "departments", "'Human Resources'"),
        ({"seniorityLevels": ["VP"]}, "seniorityLevels", "'Vice President'"),
        ({"countries": ["Germany"]}, "countries", "write DE"),
        ({"countries": ["us"]}, "countries", "write US"),
        ({"countries": ["UK"]}, "countries", "write GB"),
        ({"countries": ["Atlantis"]}, "countries", "two letters"),
        ({"companyLinkedInUrls": ["https://example.com/company/x"]}, "companyLinkedInUrls", "linkedin.com"),
        (
            {"companyLinkedInUrls": ["https://www.linkedin.com/company/"]},
            "companyLinkedInUrls",
            "names no company",
        ),
        (
            {"companyLinkedInUrls": [f"https://www.linkedin.com/company/c{i}" for i in range(11)]},
            "companyLinkedInUrls",
            "10 companies",
        ),
        ({"firstName": "x" * 101}, "firstName", "100"),
        ({"keywords": "x" * 501}, "keywords", "500"),
        ({"keywords": "x", "limit": 101}, "limit", "1 to 100"),
        ({"keywords": "x", "offset": -1}, "offset", "0"),
        ({"jobTitles": "CEO"}, "jobTitles", "a list"),
    ],
)
async def test_bad_input_is_told_with_what_to_write(
    acme: Account, wanted: dict[str, Any], field: str, says: str
) -> None:
    answer = await acme.post(PATH, wanted)
    assert answer.status_code == 422, answer.text
    error = answer.json()["error"]
    assert error["type"] == "VALIDATION"
    assert any(one["field"] == field and says in one["message"] for one in error["fields"]), error


async def test_the_message_begins_as_in_the_contract(acme: Account) -> None:
    error = (await acme.post(PATH, {"departments": ["Engineering Ops"]})).json()["error"]
    assert error["message"].startswith("validation failed for 'departments': invalid value: Engineering Ops")


async def test_other_organisations_people_are_not_found(api: Api, filled: Account) -> None:
    stranger = await api.account()
    await bring(api, stranger, [person("Else Where", "Clerk")])
    assert await names(stranger, companyLinkedInUrls=[MILL]) == ["Else"]


async def test_without_any_directory_nothing_was_searched(api: Api) -> None:
    nobody = await api.account()
    await api.database.execute("delete from company_profiles")
    body = (await nobody.post(PATH, {"keywords": "x"})).json()
    assert body == {
        "items": [], "total": 0, "limit": 25, "offset": 0, "hasMore": False, "salesNavConnected": False
    }  # fmt: skip


async def publish(api: Api, host: str, people: list[tuple[str, str]], slug: str = "norrwerk") -> None:
    """A company whose own pages name these people."""
    company_id = await api.database.fetchval(
        "insert into companies (id, host) values (gen_random_uuid(), $1) on conflict (host) do update set host = $1"
        " returning id",
        host,
    )
    findings = [
        {
            "field": "leadership",
            "value": {"name": name, "role": role},
            "url": f"https://{host}/team",
            "snapshot_id": "0199c0de-0000-7000-8000-000000000000",
            "on": "2026-03-01",
        }
        for name, role in people
    ]
    fields = {
        "name": {"value": "Norrwerk", "findings": []},
        "linkedin": {"value": f"https://www.linkedin.com/company/{slug}/", "findings": []},
        "leadership": {"value": [one["value"] for one in findings], "findings": findings},
    }
    await api.database.execute(
        "insert into company_profiles (company_id, pages, profile) values ($1, '{}', $2)"
        " on conflict (company_id) do update set profile = excluded.profile,"
        " updated_at = company_profiles.updated_at + interval '1 second'",
        company_id,
        json.dumps({"host": host, "fields": fields}),
    )


async def test_people_on_a_companys_own_pages_are_found_with_no_import(api: Api) -> None:
    account = await api.account()
    await publish(api, "norrwerk.com", [("Ada Quist", "CEO"), ("Jon Dahl", "Head of Sales")])
    url = "https://www.linkedin.com/company/norrwerk"
    body = (await account.post(PATH, {"companyLinkedInUrls": [url]})).json()
    assert [(one["fullName"], one["role"]) for one in body["items"]] == [
        ("Ada Quist", "CEO"),
        ("Jon Dahl", "Head of Sales"),
    ]
    assert body["items"][0]["origins"] == [
        {"source": "page", "reference": "https://norrwerk.com/team", "seenAt": "2026-03-01T00:00:00.000Z"}
    ]
    assert body["salesNavConnected"] is True
    assert (await account.post(PATH, {"companyLinkedInUrls": [url]})).json() == body
    # The site is read anew; and a file knows one of them better.
    await publish(
        api, "norrwerk.com", [("Ada Quist", "CEO"), ("Jon Dahl", "Head of Sales"), ("Li Wei", "CTO")]
    )
    await bring(
        api, account,
        [person("Jon Dahl", "VP Sales", url, company="Norrwerk", profile_url="https://www.linkedin.com/in/jondahl")],
    )  # fmt: skip
    body = (await account.post(PATH, {"companyLinkedInUrls": [url]})).json()
    assert [(one["fullName"], one["role"]) for one in body["items"]] == [
        ("Ada Quist", "CEO"),
        ("Jon Dahl", "VP Sales"),
        ("Li Wei", "CTO"),
    ]
    assert [one["source"] for one in body["items"][1]["origins"]] == ["page", "import"]


async def test_a_page_beyond_all_numbers_is_empty(api: Api, acme: Account) -> None:
    page = (await acme.post(PATH, {"jobTitles": ["Engineer"], "limit": 0, "offset": 10**30})).json()
    assert (page["items"], page["limit"], page["hasMore"]) == ([], 25, False)
