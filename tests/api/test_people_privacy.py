"""Everything that is held of a person is shown, and erased for good (docs/privacy.md)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.api.service import Account, Api
from tests.api.test_contact_lists import ACME, make
from tests.api.test_contact_search import PATH, bring, names, person, publish

from leadline.contacts.service import named_person
from leadline.foundation.errors import NotFound

pytestmark = pytest.mark.asyncio(loop_scope="module")

ADA = "https://www.linkedin.com/in/ada-quist"


def ada(**more: Any) -> Any:
    return person(
        "Ada Quist", "Engineer", ACME, company="Acme", profile_url=ADA, email="ada@acme.com", **more
    )


async def erased(account: Account, person_id: str) -> dict[str, int]:
    answer = await account.call("DELETE", f"/v1/contacts/people/{person_id}")
    assert answer.status_code == 200, answer.text
    found: dict[str, int] = answer.json()["erased"]
    return found


async def known_as(api: Api, account: Account, text: str = ADA) -> str:
    return str(await named_person(api.database, account.organisation_id, text))


async def test_everything_held_is_shown_with_its_origin(api: Api, acme: Account) -> None:
    await bring(api, acme, [ada(location="Oslo, Norway")])
    made = await make(acme)
    person_id = await known_as(api, acme)
    assert person_id == await known_as(api, acme, "ADA@acme.com")
    found = (await acme.get(f"/v1/contacts/people/{person_id}/export")).json()["person"]
    assert found["profile"]["email"] == "ada@acme.com"
    assert found["provenance"]["location"]["reference"] == "people.csv"
    assert found["provenance"]["country"]["reference"] == "people.csv"
    assert [one["contact"]["listId"] for one in found["contactLists"]] == [made["id"]]
    assert "profile:ada-quist" in found["recognisedBy"]


async def test_who_was_erased_is_nowhere_and_does_not_come_back(api: Api, acme: Account) -> None:
    await bring(api, acme, [ada(), person("Bo Lind", "Engineer", ACME, company="Acme")])
    made = await make(acme)
    signal = await acme.ask("Who is the engineer?")
    answer = json.dumps("It is Ada Quist, and Bo Lind.")
    await api.finish(signal["id"], answer=answer)
    await api.database.execute(
        "insert into signal_steps (signal_id, step, position, value, seconds) values ($1, 'x', 1, $2, 0)",
        UUID(signal["id"]),
        json.dumps(["Ada\nQuist leads"]),
    )
    about = await acme.post(
        "/v1/contacts/signals", {"contactProfileUrl": ADA, "question": "Does she speak Norwegian?"}
    )
    assert about.status_code == 201, about.text
    await api.finish(about.json()["id"], answer=answer)
    held = (await acme.get(f"/v1/contacts/people/{await known_as(api, acme)}/export")).json()["person"]
    assert [one["id"] for one in held["signals"]] == [about.json()["id"]]
    ledger = await api.database.fetchval("select count(*) from credit_entries")

    counts = await erased(acme, await known_as(api, acme))
    assert (counts["people"], counts["contactLists"]) == (1, 1)
    assert (counts["signals"], counts["otherAnswers"]) == (1, 1)
    assert (await acme.get(f"/v1/contacts/lists/{made['id']}")).json()["contactCount"] == 1
    listed = (await acme.get(f"/v1/contacts/lists/{made['id']}/contacts")).json()
    assert [item["fullName"] for item in listed["items"]] == ["Bo Lind"]
    assert (await acme.get(f"/v1/contacts/signals/{about.json()['id']}")).status_code == 404
    assert "Bo Lind" in (await acme.get(f"/v1/companies/signals/{signal['id']}")).text
    for table in ("people", "people_identities", "contact_list_items", "signals", "suppressed_people"):
        left = await api.database.fetchval(
            f"select string_agg(t::text, ' ') from {table} t where organisation_id = $1", acme.organisation_id
        )
        assert "quist" not in (left or "").lower().replace("\\n", " "), table
    steps = "select value::text from signal_steps where signal_id = $1 and step = 'x'"
    assert json.loads(await api.database.fetchval(steps, UUID(signal["id"]))) == ["███ leads"]
    assert await api.database.fetchval("select count(*) from credit_entries") == ledger
    with pytest.raises(NotFound):
        await known_as(api, acme)

    # By any of what she was recognised by: the address, the mail address, the name at the company.
    for again in (
        ada(),
        person("A. Quist", "CTO", None, company="Other", email="ada@acme.com"),
        person("Ada Quist", "CTO", ACME, company="Acme"),
    ):
        await bring(api, acme, [again], "again.csv")
    assert await names(acme, companyLinkedInUrls=[ACME]) == ["Bo"]
    assert (
        await api.database.fetchval(
            "select count(*) from people where organisation_id = $1", acme.organisation_id
        )
        == 1
    )


async def test_who_was_erased_is_on_no_companys_profile(api: Api) -> None:
    account = await api.account()
    host, url = f"{uuid4().hex}.com", "https://www.linkedin.com/company/erased-mill"
    await publish(api, host, [("Ada Quist", "CEO"), ("Jon Dahl", "CTO")], "erased-mill")
    assert await names(account, companyLinkedInUrls=[url]) == ["Ada", "Jon"]
    person_id = await api.database.fetchval(
        "select id::text from people where organisation_id = $1 and full_name = 'Ada Quist'",
        account.organisation_id,
    )
    assert (await erased(account, person_id))["companyProfiles"] == 1
    kept = await api.database.fetchval(
        "select p.profile::text from company_profiles p join companies c on c.id = p.company_id where host = $1",
        host,
    )
    assert "Jon Dahl" in kept
    assert "Ada Quist" not in kept
    # Another look finds the same line again; she is not taken in.
    await publish(api, host, [("Ada Quist", "CEO"), ("Jon Dahl", "CTO")], "erased-mill")
    assert await names(account, companyLinkedInUrls=[url]) == ["Jon"]


async def test_people_of_others_are_not_there(api: Api, acme: Account) -> None:
    await bring(api, acme, [ada()])
    person_id = await known_as(api, acme)
    stranger = await api.account()
    for one in (person_id, str(uuid4()), "nonsense"):
        assert (await stranger.call("DELETE", f"/v1/contacts/people/{one}")).status_code == 404
        assert (await stranger.get(f"/v1/contacts/people/{one}/export")).status_code == 404
    assert await names(acme, firstName="Ada") == ["Ada"]


async def test_retention_counts_from_the_first_sight(api: Api, acme: Account) -> None:
    await bring(api, acme, [ada(), person("Bo Lind", "Engineer", ACME)])
    await api.database.execute(
        "update people set first_seen_at = now() - interval '31 days' where organisation_id = $1 and first_name = 'Ada'",
        acme.organisation_id,
    )
    await bring(api, acme, [ada()])  # a refresh renews nothing
    assert await api.leadline.privacy.sweep(timedelta(days=30)) == 1
    assert await names(acme, companyLinkedInUrls=[ACME]) == ["Bo"]
    await bring(api, acme, [ada()])  # forgotten, not erased
    assert (await acme.post(PATH, {"firstName": "Ada"})).json()["total"] == 1


async def test_who_is_not_kept_is_erased_by_the_address_of_the_profile(api: Api, acme: Account) -> None:
    other = await api.account()
    asked = {}
    for account in (acme, other):
        about = await account.post(
            "/v1/contacts/signals", {"contactProfileUrl": ADA, "question": "Norwegian?"}
        )
        asked[account] = about.json()["id"]
        await api.finish(asked[account], answer='"Yes."')
    gone = await acme.call("DELETE", "/v1/contacts/people", params={"person": ADA})
    assert gone.status_code == 200, gone.text
    assert (gone.json()["erased"]["people"], gone.json()["erased"]["signals"]) == (0, 1)
    assert (await acme.get(f"/v1/contacts/signals/{asked[acme]}")).status_code == 404
    assert (await other.get(f"/v1/contacts/signals/{asked[other]}")).status_code == 200
    await bring(api, acme, [ada()])
    with pytest.raises(NotFound):
        await known_as(api, acme)  # nothing brings them back
    again = await acme.call("DELETE", "/v1/contacts/people", params={"person": ADA})
    assert (again.status_code, again.json()["erased"]["signals"]) == (200, 0)
    # Who is kept is erased by the address or the mail address too.
    await bring(api, other, [ada()])
    kept = await other.call("DELETE", "/v1/contacts/people", params={"person": "ada@acme.com"})
    assert kept.json()["erased"]["people"] == 1
    for wanted, status in (("nobody@acme.com", 404), ("no address", 400), ("", 400)):
        answer = await acme.call("DELETE", "/v1/contacts/people", params={"person": wanted})
        assert answer.status_code == status, answer.text
    assert (await acme.call("DELETE", "/v1/contacts/people")).status_code == 400


async def test_a_list_of_people_that_is_held_back_is_erased_with_who_stands_in_it(
    api: Api, acme: Account
) -> None:
    asked = await acme.ask("Who leads it?", answerType="contacts")
    await api.finish(asked["id"])
    held = {"answer": [{"fullName": "Ada Quist", "profileUrl": ADA}], "confidence": 0.5, "threshold": 0.9}
    await api.database.execute(
        "update signals set held_back = $2 where id = $1", UUID(asked["id"]), json.dumps(held)
    )
    await acme.call("DELETE", "/v1/contacts/people", params={"person": ADA})
    left = await api.database.fetchval("select held_back::text from signals where id = $1", UUID(asked["id"]))
    assert "ada-quist" not in (left or "")
