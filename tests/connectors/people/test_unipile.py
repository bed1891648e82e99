"""Unipile's own ways: its errors, limits, pages and redirects, each caused."""

from __future__ import annotations

import dataclasses

import pytest
from tests.connectors.people.unipile import HURRIED, REFERENCE, Asking, asking
from tests.simulators.unipile import Json, Member, UnipileSimulator, members, post, problem
from tests.web import Answer, Cut, Endless, Hang, Redirect, Reply

from leadline.connectors.people.unipile.account import Pace
from leadline.connectors.people.unipile.replies import date
from leadline.research.people import (
    DirectoryError,
    DirectoryFault,
    PeopleFilter,
    Profile,
    ProfileAddress,
)

STAFF = members(125)
WANTED = PeopleFilter(company_urls=("https://www.linkedin.com/company/1001",))
FIRST = ProfileAddress(f"https://www.linkedin.com/in/{STAFF[0].slug}")


async def failed(asked: Asking, wanted: PeopleFilter = WANTED) -> DirectoryError:
    with pytest.raises(DirectoryError) as caught:
        await asked.directory.search(wanted, limit=25, offset=0)
    return caught.value


# ------------------------------------------------------------------ errors


@pytest.mark.parametrize(
    ("answer", "fault", "tries"),
    [
        (problem(400, "errors/malformed_request"), DirectoryFault.INVALID_REQUEST, 1),
        (problem(400, "errors/content_too_large"), DirectoryFault.INVALID_REQUEST, 1),
        (problem(401, "errors/disconnected_account"), DirectoryFault.DISCONNECTED, 1),
        (problem(401, "errors/checkpoint_error"), DirectoryFault.CHECKPOINT, 1),
        (problem(401, "errors/invalid_credentials"), DirectoryFault.CHECKPOINT, 1),
        (problem(401, "errors/multiple_sessions"), DirectoryFault.UNAVAILABLE, 3),
        (problem(401, "errors/something_new"), DirectoryFault.DISCONNECTED, 1),
        (problem(403, "errors/account_restricted"), DirectoryFault.CHECKPOINT, 1),
        (problem(403, "errors/subscription_required"), DirectoryFault.NOT_SUBSCRIBED, 1),
        (problem(403, "errors/something_new"), DirectoryFault.UNAVAILABLE, 1),
        (problem(404, "errors/resource_not_found"), DirectoryFault.INVALID_REQUEST, 1),
        (problem(418, "errors/teapot"), DirectoryFault.UNAVAILABLE, 1),
        (problem(422, "errors/unprocessable_entity"), DirectoryFault.INVALID_REQUEST, 1),
        (problem(422, "errors/limit_exceeded"), DirectoryFault.RATE_LIMITED, 1),
        (problem(429, "errors/too_many_requests"), DirectoryFault.RATE_LIMITED, 1),
        (problem(500, "errors/provider_error", title="Too many requests"), DirectoryFault.RATE_LIMITED, 1),
        (problem(500, "errors/unexpected_error"), DirectoryFault.UNAVAILABLE, 3),
        (problem(503, "errors/no_client_session"), DirectoryFault.UNAVAILABLE, 3),
        (problem(504, "errors/request_timeout"), DirectoryFault.UNAVAILABLE, 3),
        (Reply("<h1>Bad gateway</h1>", status=502), DirectoryFault.UNAVAILABLE, 3),
        (Json(["no", "problem"], status=401), DirectoryFault.DISCONNECTED, 1),
        (Reply('{"object": "LinkedinSearch", "items": [{"id"'), DirectoryFault.BAD_REPLY, 3),
        (Reply(b"\xff\xfe\x00"), DirectoryFault.BAD_REPLY, 3),
        (Cut(), DirectoryFault.BAD_REPLY, 3),
        (Json({"items": "none"}), DirectoryFault.BAD_REPLY, 1),
        (Json({"items": [{"id": 5}]}), DirectoryFault.BAD_REPLY, 1),
        (Endless(), DirectoryFault.BAD_REPLY, 1),
    ],
)
async def test_error_is_translated_and_only_what_may_pass_is_tried_again(
    answer: Answer, fault: DirectoryFault, tries: int
) -> None:
    async with UnipileSimulator(STAFF) as unipile, asking(unipile) as asked:
        unipile.always("search", answer)
        error = await failed(asked)
    assert error.fault is fault
    assert unipile.calls["search"] == tries
    assert unipile.token not in str(error)
    of_the_account = {DirectoryFault.DISCONNECTED, DirectoryFault.CHECKPOINT, DirectoryFault.NOT_SUBSCRIBED}
    assert [one.fault for one in asked.told] == ([fault] if fault in of_the_account else [])


@pytest.mark.parametrize(
    "answer",
    [
        problem(500, "errors/provider_error"),
        problem(503, "errors/network_down"),
        problem(401, "errors/multiple_sessions"),
        Reply('{"items": ['),
        Cut(),
    ],
)
async def test_third_page_that_fails_once_is_asked_again(answer: Answer) -> None:
    async with UnipileSimulator(STAFF) as unipile, asking(unipile) as asked:
        unipile.next("search", None, None, answer)
        page = await asked.directory.search(WANTED, limit=125, offset=0)
    assert [person.full_name for person in page.people] == [one.name for one in STAFF]
    assert unipile.calls["search"] == 6


async def test_half_a_search_that_fails_is_an_error() -> None:
    async with UnipileSimulator(STAFF) as unipile, asking(unipile) as asked:
        unipile.next("search", None, None)
        unipile.next("search", *[problem(503, "errors/network_down")] * 3)
        with pytest.raises(DirectoryError):
            await asked.directory.search(WANTED, limit=125, offset=0)


async def test_vendor_that_never_answers_is_given_up() -> None:
    async with UnipileSimulator(STAFF) as unipile, asking(unipile, pace=HURRIED) as asked:
        unipile.always("search", Hang())
        error = await failed(asked)
    assert error.fault is DirectoryFault.UNAVAILABLE
    assert unipile.calls["search"] == 1


async def test_vendor_that_is_not_there_is_unavailable() -> None:
    async with UnipileSimulator(STAFF) as unipile:
        pass
    async with asking(unipile) as asked:
        assert (await failed(asked)).fault is DirectoryFault.UNAVAILABLE


async def test_loopback_is_not_called_unless_it_is_allowed() -> None:
    async with UnipileSimulator(STAFF) as unipile, asking(unipile, networks=()) as asked:
        error = await failed(asked)
    assert (error.fault, sum(unipile.calls.values())) == (DirectoryFault.UNAVAILABLE, 0)
    assert "loopback" in error.message


async def test_no_seat_and_a_session_that_cannot_use_it_are_told_apart() -> None:
    async with UnipileSimulator(STAFF, seat=False) as unipile, asking(unipile) as asked:
        assert (await failed(asked)).fault is DirectoryFault.NOT_SUBSCRIBED
        unipile.seat = True
        unipile.always("search", problem(403, "errors/feature_not_subscribed"))
        error = await failed(asked)
    assert error.fault is DirectoryFault.DISCONNECTED
    assert [one.fault for one in asked.told] == [DirectoryFault.NOT_SUBSCRIBED, DirectoryFault.DISCONNECTED]


@pytest.mark.parametrize(("stated", "seconds"), [("120", 120), (None, 3600)])
async def test_account_that_linkedin_limits_is_left_alone_for_a_while(
    stated: str | None, seconds: int
) -> None:
    async with UnipileSimulator(STAFF) as unipile, asking(unipile) as asked:
        unipile.always("search", problem(429, "errors/too_many_requests", retry_after=stated))
        assert (await failed(asked)).retry_after == seconds
        again = await failed(asked)
    assert again.fault is DirectoryFault.RATE_LIMITED
    assert 0 < (again.retry_after or 0) <= seconds
    assert unipile.calls["search"] == 1


# ------------------------------------------------------------------ redirects


async def test_redirect_to_a_last_slash_is_followed_for_reads_and_searches() -> None:
    async with UnipileSimulator(STAFF, slashes=True) as unipile, asking(unipile) as asked:
        page = await asked.directory.search(WANTED, limit=30, offset=0)
        person = await asked.directory.profile(FIRST)
    assert len(page.people) == 30
    assert person is not None


@pytest.mark.parametrize(
    "target", ["https://elsewhere.example.com/x", "//elsewhere.example.com/x", "http://["]
)
async def test_redirect_to_another_origin_is_not_followed(target: str) -> None:
    async with UnipileSimulator(STAFF) as unipile, UnipileSimulator() as other, asking(unipile) as asked:
        for location in (target, f"{other.origin}/api/v1/linkedin/search"):
            unipile.always("search", Redirect(location, status=307))
            error = await failed(asked)
            assert error.fault is DirectoryFault.BAD_REPLY
    assert sum(other.calls.values()) == 0  # the token went nowhere


async def test_circle_of_redirects_ends() -> None:
    async with UnipileSimulator(STAFF) as unipile, asking(unipile) as asked:
        unipile.always(
            "search", Redirect("/api/v1/linkedin/search?account_id=" + unipile.account, status=307)
        )
        assert (await failed(asked)).fault is DirectoryFault.BAD_REPLY
    assert unipile.calls["search"] == 3


# ------------------------------------------------------------------ caps and pace


async def test_daily_caps_refuse_before_anything_is_sent() -> None:
    async with UnipileSimulator(STAFF) as unipile, asking(unipile, profiles=2, results=60) as asked:
        await asked.directory.search(WANTED, limit=50, offset=0)
        error = await failed(asked, PeopleFilter(keywords="sales"))
        assert (error.fault, unipile.calls["search"]) == (DirectoryFault.RATE_LIMITED, 2)
        assert 0 < (error.retry_after or 0) <= 86_400
        await asked.directory.profile(FIRST)
        await asked.directory.profile(FIRST)
        with pytest.raises(DirectoryError):
            await asked.directory.profile(FIRST)
    assert unipile.calls["profile"] == 2


async def test_results_that_did_not_come_are_given_back() -> None:
    async with UnipileSimulator(members(3)) as unipile, asking(unipile) as asked:
        await asked.directory.search(WANTED, limit=25, offset=0)
    assert asked.usage.used["results"] == 3


@pytest.mark.parametrize("status", [429, 500])
async def test_refusal_by_limit_counts_as_five_calls(status: int) -> None:
    async with UnipileSimulator(STAFF) as unipile, asking(unipile) as asked:
        unipile.next("profile", problem(status, "errors/too_many_requests"))
        with pytest.raises(DirectoryError):
            await asked.directory.profile(FIRST)
    assert asked.usage.used["profiles"] == 5


async def test_pause_of_random_length_comes_before_each_call() -> None:
    pace = Pace(0.4, 1.5, 1.0, 4.0, timeout=60.0)
    async with UnipileSimulator(STAFF) as unipile, asking(unipile, pace=pace) as asked:
        await asked.directory.search(WANTED, limit=100, offset=0)
    assert len(asked.slept) == sum(unipile.calls.values()) == 4
    assert all(0.4 <= pause <= 1.5 for pause in asked.slept)
    assert len(set(asked.slept)) == 4


async def test_busy_session_is_waited_for_longer() -> None:
    pace = Pace(0, 0, again=1.0, busy=100.0, timeout=60.0)
    async with UnipileSimulator(STAFF) as unipile, asking(unipile, pace=pace) as asked:
        unipile.next("search", problem(401, "errors/multiple_sessions"))
        unipile.next("search", problem(503, "errors/network_down"))
        await asked.directory.search(WANTED, limit=1, offset=0)
    first, second = (pause for pause in asked.slept if pause)
    assert 50 <= first <= 100
    assert 1 <= second <= 2


# ------------------------------------------------------------------ pages


async def test_page_after_page_fetches_each_once() -> None:
    async with UnipileSimulator(STAFF) as unipile, asking(unipile) as asked:
        found: list[str] = []
        for offset in range(0, 125, 25):
            page = await asked.directory.search(WANTED, limit=25, offset=offset)
            found += [person.full_name for person in page.people]
    assert found == [one.name for one in STAFF]
    assert (unipile.calls["search"], asked.usage.used["results"]) == (5, 125)


async def test_offset_nobody_came_to_is_walked_to() -> None:
    async with UnipileSimulator(STAFF) as unipile, asking(unipile) as asked:
        page = await asked.directory.search(WANTED, limit=10, offset=55)
    assert [person.full_name for person in page.people] == [one.name for one in STAFF[55:65]]
    assert (page.total, unipile.calls["search"]) == (125, 3)


async def test_forgotten_cursor_is_walked_around() -> None:
    async with UnipileSimulator(STAFF) as unipile, asking(unipile) as asked:
        await asked.directory.search(WANTED, limit=25, offset=0)
        unipile.next("search", problem(400, "errors/malformed_request"))
        page = await asked.directory.search(WANTED, limit=25, offset=25)
    assert [person.full_name for person in page.people] == [one.name for one in STAFF[25:50]]


async def test_beyond_what_is_reachable_one_call_tells_the_total() -> None:
    async with UnipileSimulator(STAFF) as unipile, asking(unipile) as asked:
        assert await asked.directory.search(WANTED, limit=25, offset=2500) == ((), 125)
    assert unipile.calls["search"] == 1


async def test_people_whom_linkedin_hides_are_neither_found_nor_read() -> None:
    seen, unnamed, outside = members(3)
    unnamed = dataclasses.replace(unnamed, hidden=True)
    outside = dataclasses.replace(outside, distance="OUT_OF_NETWORK")
    async with UnipileSimulator([seen, unnamed, outside]) as unipile, asking(unipile) as asked:
        page = await asked.directory.search(WANTED, limit=25, offset=0)
        assert [person.full_name for person in page.people] == [seen.name]
        assert page.total == 3
        for one in (unnamed, outside):
            assert await asked.directory.profile(_address(one)) is None


def _address(one: Member) -> ProfileAddress:
    return ProfileAddress(f"https://www.linkedin.com/in/{one.slug}")


# ------------------------------------------------------------------ names and ids


async def test_ids_are_asked_once_and_account_stands_in_the_query() -> None:
    wanted = PeopleFilter(
        company_urls=("https://www.linkedin.com/company/acme",),
        job_titles=("Head of Sales",),
        countries=("DE",),
    )
    async with UnipileSimulator(STAFF) as unipile, asking(unipile) as asked:
        for _ in range(3):
            await asked.directory.search(wanted, limit=5, offset=0)
    assert (unipile.calls["company"], unipile.calls["parameters"]) == (1, 2)
    body = unipile.web.requests[-1].body
    assert b"account_id" not in body
    assert b'"role":{"include":["t25"]}' in body  # word for word, not "Assistant Head of Sales"
    assert b'"location":{"include":["lDE"]}' in body  # the country, not an area of it


async def test_title_that_linkedin_lacks_stands_for_those_that_hold_its_words() -> None:
    async with UnipileSimulator(STAFF) as unipile, asking(unipile) as asked:
        page = await asked.directory.search(PeopleFilter(job_titles=("sales head",)), limit=25, offset=0)
    assert {person.position.title for person in page.people if person.position} == {"Head of Sales"}


@pytest.mark.parametrize(
    ("wanted", "named"),
    [
        (PeopleFilter(job_titles=("Head Llama Whisperer",)), "Head of Sales"),
        (PeopleFilter(job_titles=("Zoologist",)), "'Zoologist'"),
        (PeopleFilter(countries=("JP",)), "'Japan'"),
    ],
)
async def test_what_linkedin_does_not_know_is_no_empty_result(wanted: PeopleFilter, named: str) -> None:
    async with UnipileSimulator(STAFF) as unipile, asking(unipile) as asked:
        error = await failed(asked, wanted)
    assert error.fault is DirectoryFault.INVALID_REQUEST
    assert named in error.message
    assert unipile.calls["search"] == 0


async def test_company_that_linkedin_does_not_have_has_nobody() -> None:
    async with UnipileSimulator(STAFF) as unipile, asking(unipile) as asked:
        wanted = PeopleFilter(company_urls=("https://www.linkedin.com/company/hooli",))
        assert await asked.directory.search(wanted, limit=25, offset=0) == ((), 0)
        both = PeopleFilter(company_urls=(*wanted.company_urls, *WANTED.company_urls))
        assert (await asked.directory.search(both, limit=25, offset=0)).total == 125


async def test_profile_is_typed_and_cleaned() -> None:
    one = dataclasses.replace(STAFF[0], email="ada@acme.example")
    async with UnipileSimulator([one]) as unipile, asking(unipile) as asked:
        person = await asked.directory.profile(_address(one))
    assert person is not None
    assert (person.email, person.summary) == ("ada@acme.example", "Likes trains.")
    now, before = person.positions
    assert (now.started, now.ended, now.current) == ("2024-03-01", None, True)
    assert (before.company, before.company_url) == ("Hooli", None)
    assert (before.started, before.ended, before.current) == ("2019", "2024-02-01", False)
    (origin,) = person.origins
    assert (origin.source, origin.reference) == ("salesNavigator", _address(one).url)
    assert origin.seen_at is not None


async def test_reposts_and_empty_posts_are_left_out() -> None:
    posts = [
        post(1, "Mine.", "2026-01-01T00:00:00Z"),
        post(2, "Theirs.", "2026-01-02T00:00:00Z", is_repost=True),
        post(3, "  ", "2026-01-03T00:00:00Z"),
        post(4, "No address.", "2026-01-04T00:00:00Z", share_url="javascript:alert(1)"),
        post(5, "When?", "yesterday"),
    ]
    async with (
        UnipileSimulator(STAFF, posts={STAFF[0].classic_id: posts}) as unipile,
        asking(unipile) as asked,
    ):
        page = await asked.directory.search(WANTED, limit=1, offset=0)
        found = await asked.directory.posts(
            page.people[0], 10
        )  # whose id is Sales Navigator's: another is asked for
    assert [one.text for one in found] == ["Mine.", "When?"]
    assert (unipile.calls["profile"], unipile.calls["posts"]) == (1, 1)


async def test_person_without_any_address_has_no_posts() -> None:
    async with UnipileSimulator(STAFF) as unipile, asking(unipile) as asked:
        assert await asked.directory.posts(Profile(full_name="Somebody"), 5) == ()
    assert sum(unipile.calls.values()) == 0


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("2024", "2024"),
        (2024, "2024"),
        ("3/2024", "2024-03"),
        ("3/15/2024", "2024-03-15"),
        ("2024-03", "2024-03"),
        ("2024-03-15T10:00:00Z", "2024-03-15"),
        ({"year": 2024, "month": 3}, "2024-03"),
        ({"year": 2024}, "2024"),
        ({"month": 3}, None),
        ("2/30/2024", None),
        ("13/2024", None),
        ("soon", None),
        (True, None),
        (None, None),
        ([], None),
    ],
)
def test_dates_are_as_far_as_they_are_known(given: object, found: str | None) -> None:
    assert date(given) == found


async def test_account_keeps_its_directory_until_it_changes() -> None:
    async with UnipileSimulator(STAFF) as unipile, asking(unipile) as asked:
        accounts, account = asked.accounts, asked.account
        same = accounts.directory(REFERENCE, account, asked.usage, asked.tell)
        fresh = accounts.directory(REFERENCE, account._replace(secret="other"), asked.usage, asked.tell)
    assert same is asked.directory
    assert fresh is not asked.directory
