"""``leadline lint`` in a process of its own."""

from __future__ import annotations

from tests.cli.command import Command


async def test_what_to_mend_is_said_and_told_by_the_exit_code() -> None:
    ended = await Command().run("lint", "Which plan includes SSO, and what does it cost?")
    assert ended.code == 1
    assert "double" in ended.out
    assert "json_schema" in ended.out


async def test_good_question_has_nothing_to_mend() -> None:
    ended = await Command().run("lint", "How many warehouses do they run?", "--type", "number")
    assert ended.code == 0
    assert "nothing to mend" in ended.out
