"""Importing people from tables as other programs write them."""

from __future__ import annotations

from uuid import UUID

import pytest

from leadline.accounts.service import default_organisation
from leadline.contacts.directory import LocalDirectory
from leadline.contacts.importing import Imported, import_people
from leadline.foundation.database import Database
from leadline.foundation.errors import InvalidInput
from leadline.research.people import PeopleFilter, Profile, parse_profile_address

CONNECTIONS = """Notes:
"When exporting your connection data, you may notice that some of the email addresses are missing."

First Name,Last Name,URL,Email Address,Company,Position,Connected On
Ada,Quist,https://www.linkedin.com/in/ada-quist,,Hull Mills,CEO,15 Mar 2024
Ludwig,van Beethoven,https://www.linkedin.com/in/Ludwig-B%C3%A4r/?x=1,,"Bonn, Music & Co.",Composer,7-Feb-22
,,https://www.linkedin.com/in/nobody,,,,
"""
PHANTOM = (
    "profileUrl,fullName,firstName,lastName,companyName,title,companyId,companyUrl,regularCompanyUrl,summary,location,"
    "durationInRole,pastExperienceCompanyName,pastExperienceCompanyTitle,vmid,linkedInProfileUrl,query\n"
    "https://www.linkedin.com/sales/lead/ACwAAABOW1gBQZCU123,Ada Quist,Ada,Quist,Hull Mills,CEO,12,"
    "https://www.linkedin.com/sales/company/12,https://www.linkedin.com/company/hull-mills/,,Oslo Norway,"
    "2 years 3 months in role,Old Mill,CFO,ACwAAABOW1gBQZCU123,https://www.linkedin.com/in/ada-quist,q\n"
)
LONG = (
    "first name,last name,linkedin url,email,location,headline,job title,job started on,company,corporate website,"
    "corporate linkedin url,job title (2),job started on (2),job ended on (2),company (2),premium member\n"
    'Bo,Lind,https://linkedin.com/in/bolind,bo@lind.se,"Malmö, Sweden",Builder,VP Sales,2021-03,Lind AB,'
    "https://www.lind.se,https://www.linkedin.com/company/lind,Clerk,01/2019,02/2021,Post,no\n"
)
APOLLO = (
    "First Name,Last Name,Title,Company,Company Name for Emails,Email,Seniority,Departments,Person Linkedin Url,Website,"
    "Company Linkedin Url,City,State,Country\n"
    "Mia,Ray,VP,Ray,Ray,mia@ray.com,vp,Sales,http://www.linkedin.com/in/mia-ray,http://ray.com,"
    "http://www.linkedin.com/company/ray,Austin,Texas,United States\n"
)
HUBSPOT = (
    "Record ID;First Name;Last Name;Email;Job Title;Company Name;Country/Region;LinkedIn URL\n"
    "1;Uwe;Groß;uwe@groß-gmbh.de;Geschäftsführer;Groß GmbH;Deutschland;\n"
)


@pytest.fixture
async def organisation_id(database: Database) -> UUID:
    return await default_organisation(database)


async def take(
    database: Database, organisation_id: UUID, content: str | bytes, name: str = "people.csv", **mapping: str
) -> Imported:
    raw = content.encode() if isinstance(content, str) else content
    return await import_people(database, organisation_id, raw, reference=name, mapping=mapping)


async def everybody(database: Database, organisation_id: UUID, **wanted: str) -> list[Profile]:
    directory = LocalDirectory(database, organisation_id)
    page = await directory.search(PeopleFilter(**wanted), limit=100, offset=0)  # type: ignore[arg-type]
    return list(page.people)


async def test_connections_of_linkedin_after_their_notes(database: Database, organisation_id: UUID) -> None:
    found = await take(database, organisation_id, "\ufeff" + CONNECTIONS)
    assert (found.taken.made, found.lines) == (2, 3)
    assert [(one.line, one.left_out) for one in found.problems] == [(7, True)]
    assert found.unmapped == ["Connected On"]
    ludwig = await LocalDirectory(database, organisation_id).profile(
        parse_profile_address("linkedin.com/in/ludwig-bär")
    )
    assert ludwig is not None
    assert ludwig.last_name == "van Beethoven"
    page = await LocalDirectory(database, organisation_id).search(
        PeopleFilter(company_urls=("https://www.linkedin.com/company/hull-mills",)), limit=5, offset=0
    )
    assert [one.full_name for one in page.people] == ["Ada Quist"]


async def test_sales_navigator_by_phantombuster(database: Database, organisation_id: UUID) -> None:
    found = await take(database, organisation_id, PHANTOM)
    assert (found.taken.made, found.problems) == (1, [])
    (ada,) = await everybody(database, organisation_id, first_name="ada")
    assert ada.sales_navigator_url == "https://www.linkedin.com/sales/lead/ACwAAABOW1gBQZCU123"
    assert ada.profile_url == "https://www.linkedin.com/in/ada-quist"
    now, before = ada.positions
    assert (now.company_url, now.current) == ("https://www.linkedin.com/company/hull-mills", True)
    assert now.started is not None
    assert (before.company, before.title, before.current) == ("Old Mill", "CFO", False)
    assert ada.seniority == "CXO"


async def test_long_names_with_further_jobs(database: Database, organisation_id: UUID) -> None:
    found = await take(database, organisation_id, LONG)
    assert found.unmapped == ["premium member"]
    (bo,) = await everybody(database, organisation_id, last_name="Lind")
    assert (bo.country, bo.seniority, bo.department) == ("SE", "Vice President", "Sales")
    assert bo.positions[0].company_host == "lind.se"
    assert (bo.positions[1].company, bo.positions[1].ended) == ("Post", "2021-02")


async def test_apollo_and_hubspot(database: Database, organisation_id: UUID) -> None:
    await take(database, organisation_id, APOLLO)
    found = await take(database, organisation_id, HUBSPOT.encode("cp1252"))
    assert (found.encoding, found.separator, found.taken.made) == ("cp1252", ";", 1)
    (mia,) = await everybody(database, organisation_id, first_name="Mia")
    assert (mia.seniority, mia.department, mia.country) == ("Vice President", "Sales", "US")
    (uwe,) = await everybody(database, organisation_id, last_name="gross")
    assert (uwe.country, uwe.seniority) == ("DE", "CXO")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
async def test_encodings_and_tabs(database: Database, organisation_id: UUID, encoding: str) -> None:
    content = "Name\tFirma\n王伟\t东风\nZoë Ångström\tBlå\n".encode(encoding)
    found = await take(database, organisation_id, content)
    assert (found.taken.made, found.problems, found.separator) == (2, [], "\t")
    assert {one.full_name for one in await everybody(database, organisation_id)} == {"王伟", "Zoë Ångström"}


async def test_broken_lines_are_told_and_the_rest_is_taken(database: Database, organisation_id: UUID) -> None:
    content = (
        "name,email,company,linkedin url\n"
        'Ann One,ann@one.com,"The ""One"", Inc",\n'
        "Bob,too,many,cells,here\n"
        '"Cid x,cid@c.com,C,\n'
        "Dee Four,no-mail,Four,https://example.com/dee\n"
        "Eve\n"
        '"Fay\nFive",fay@five.com,Five,\n'
    )
    found = await take(database, organisation_id, content)
    assert [(one.line, one.left_out) for one in found.problems] == [
        (3, True), (4, True), (5, False), (5, False), (6, True)
    ]  # fmt: skip
    assert found.taken.made == 3
    assert {one.first_name for one in await everybody(database, organisation_id)} == {"Ann", "Dee", "Fay"}


async def test_people_are_recognised_inside_and_across_files(
    database: Database, organisation_id: UUID
) -> None:
    content = (
        "name,email,linkedin url,company\n"
        "Ann One,ann@one.com,https://www.linkedin.com/in/ann,One\n"
        "Ann One,ANN@one.com,,One\n"
        "Ann One,,,One\n"
        "Ann One,,https://de.linkedin.com/in/ANN/,One\n"
        "Ann One,,https://www.linkedin.com/in/another-ann,One\n"
        "Bea Two,info@one.com,,One\n"
        "Cas Three,info@one.com,,One\n"
    )
    found = await take(database, organisation_id, content)
    assert (found.taken.made, found.taken.merged) == (4, 3)
    again = await take(database, organisation_id, content, "again.csv")
    assert (again.taken.made, again.taken.merged) == (0, 7)
    assert len(await everybody(database, organisation_id)) == 4


async def test_who_changed_company_keeps_the_old_position_as_over(
    database: Database, organisation_id: UUID
) -> None:
    head = "name,linkedin url,title,company,start date\n"
    await take(database, organisation_id, head + "Ann,linkedin.com/in/ann,CFO,One,2020\n", "old.csv")
    await take(database, organisation_id, head + "Ann,linkedin.com/in/ann,CEO,Two,2025-02\n", "new.csv")
    (ann,) = await everybody(database, organisation_id)
    assert [(p.company, p.current, p.ended) for p in ann.positions] == [
        ("Two", True, None),
        ("One", False, "2025-02"),
    ]
    assert ann.seniority == "CXO"
    url = "https://www.linkedin.com/company/one"
    page = await LocalDirectory(database, organisation_id).search(
        PeopleFilter(company_urls=(url,)), limit=5, offset=0
    )
    assert page.total == 0


async def test_a_mapping_names_columns_and_bad_ones_are_told(
    database: Database, organisation_id: UUID
) -> None:
    content = "Wer;Wo;Was\nAnn One;Kiel, Germany;CTO\n"
    found = await take(database, organisation_id, content, Wer="full_name", Wo="location", Was="title")
    assert (found.taken.made, found.unmapped) == (1, [])
    (ann,) = await everybody(database, organisation_id)
    assert (ann.country, ann.position.title if ann.position else "") == ("DE", "CTO")
    with pytest.raises(InvalidInput, match="did you mean location"):
        await take(database, organisation_id, content, Wer="full_name", Wo="locatoin")
    with pytest.raises(InvalidInput, match="no column 'Wann'"):
        await take(database, organisation_id, content, Wer="full_name", Wann="started", Wo="location")
    with pytest.raises(InvalidInput, match="no header"):
        await take(database, organisation_id, "a,b,c\n1,2,3\n")
    with pytest.raises(InvalidInput, match="no header"):
        await take(database, organisation_id, b"")


async def test_a_hundred_thousand_lines_with_formulas_and_broken_ones(
    database: Database, organisation_id: UUID
) -> None:
    lines = ["First Name,Last Name,Email,Company,Title"]
    for n in range(100_000):
        if n % 20_000 == 7:
            lines.append(f"P{n},Q{n},too,many,cells,here")
        elif n % 20_000 == 8:
            lines.append(f'"P{n},Q{n},p{n}@x.com,never closed,Engineer')
        elif n % 10 == 9:  # whom the line before tells of; five times that one is broken
            lines.append(f"P{n - 1},Q{n - 1},p{n - 1}@x.com,=SUM({n % 50}),Engineer")
        else:
            lines.append(f'P{n},Q{n},p{n}@x.com,=SUM({n % 50}),"Engineer, ""Lead"""')
    found = await take(database, organisation_id, "\n".join(lines))
    broken = sorted(place + 2 for n in range(0, 100_000, 20_000) for place in (n + 7, n + 8))
    assert [(one.line, one.left_out) for one in found.problems] == [(line, True) for line in broken]
    assert (found.lines, found.taken.made, found.taken.merged) == (100_000, 89_995, 9_995)
    assert await database.fetchval("select count(*) from people") == 89_995
    (one,) = await everybody(database, organisation_id, first_name="P99996")
    assert one.position is not None
    assert (one.position.company, one.position.title) == ("=SUM(46)", 'Engineer, "Lead"')


async def test_provenance_is_kept_for_each_field(database: Database, organisation_id: UUID) -> None:
    await take(database, organisation_id, "name,linkedin url,title\nAnn,linkedin.com/in/ann,CFO\n", "one.csv")
    first = await database.fetchval("select first_seen_at from people")
    await database.execute("update people set first_seen_at = first_seen_at - interval '9 days'")
    await take(
        database, organisation_id, "name,linkedin url,location\nAnn,linkedin.com/in/ann,Oslo\n", "two.csv"
    )
    told = await database.fetchval(
        "select provenance->'positions'->>'reference' || ' ' || (provenance->'location'->>'reference') from people"
    )
    assert told == "one.csv two.csv"
    assert await database.fetchval("select first_seen_at from people") < first, "a refresh renews it"
