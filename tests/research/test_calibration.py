"""Confidence against what was right."""

from __future__ import annotations

import pytest

from leadline.research.calibration import Given, coverage, reliability, wilson


def given(confidence: float, right: int, wrong: int) -> list[Given]:
    return [Given(confidence, True)] * right + [Given(confidence, False)] * wrong


@pytest.mark.parametrize(
    ("right", "count", "least", "most"),
    [(8, 10, 0.4902, 0.9433), (10, 10, 0.7225, 1.0), (0, 10, 0.0, 0.2775), (0, 0, 0.0, 1.0)],
)
def test_the_interval_is_that_of_wilson(right: int, count: int, least: float, most: float) -> None:
    assert wilson(right, count) == pytest.approx((least, most), abs=1e-4)


def test_a_table_has_a_row_for_each_tenth_and_one_is_in_the_last() -> None:
    table = reliability([*given(1.0, 1, 0), *given(0.95, 0, 1), *given(0.31, 1, 1)])
    assert [(one.low, one.count, one.right) for one in table.bins] == [(0.3, 2, 1), (0.9, 2, 1)]
    assert table.ece == pytest.approx((2 * 0.19 + 2 * 0.475) / 4)
    assert reliability([]).brier is None


def test_coverage_goes_as_low_as_95_of_100_are_right() -> None:
    found = coverage([*given(0.9, 18, 0), *given(0.8, 1, 1), *given(0.7, 0, 4)])
    assert found is not None
    assert (found.threshold, found.count, found.right) == (0.8, 20, 19)
    assert coverage(given(0.9, 9, 1)) is None, "answers of one confidence stand or fall together"
