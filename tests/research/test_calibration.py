"""Confidence against what was right."""

from __future__ import annotations

import pytest

from leadline.research.calibration import (
    FEWEST,
    Given,
    coverage,
    fitted,
    left_out,
    reliability,
    too_few,
    wilson,
)


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


def test_a_curve_rises_and_says_what_was_right() -> None:
    curve = fitted([*given(0.6, 10, 10), *given(0.7, 8, 12), *given(0.8, 19, 1), *given(0.9, 18, 2)])
    assert list(curve.rates) == sorted(curve.rates)
    assert curve.at(0.6) == curve.at(0.75) == curve.at(0.1) == pytest.approx(0.45, abs=0.02)
    assert curve.at(0.8) == curve.at(1.0) == pytest.approx(0.925, abs=0.02)
    assert (curve.count, curve.right) == (80, 55)


def test_a_curve_never_says_always() -> None:
    curve = fitted([*given(0.5, 20, 20), *given(0.99, 20, 0)])
    assert curve.at(1.0) < 1


@pytest.mark.parametrize(
    "labels",
    [given(0.5, FEWEST // 2, FEWEST // 2 - 1), given(0.9, 2 * FEWEST, 0), given(0.9, 0, 2 * FEWEST)],
    ids=["few", "none wrong", "none right"],
)
def test_nothing_is_fitted_on_too_little(labels: list[Given]) -> None:
    assert too_few(labels)
    with pytest.raises(ValueError, match="label"):
        fitted(labels)


def test_a_curve_is_judged_by_labels_that_it_did_not_see() -> None:
    """Figures that mean nothing stay what they are: half is right, however sure the reader was."""
    labels = [one for n in range(100) for one in (Given(0.5 + n / 250, n % 2 == 0),)]
    seen = [Given(fitted(labels).at(one.confidence), one.right) for one in labels]
    unseen, before = reliability(left_out(labels, range(100))), reliability(labels)
    assert len(left_out(labels, range(100))) == 100
    assert unseen.brier is not None
    assert before.brier is not None
    assert (reliability(seen).brier or 0) < unseen.brier < before.brier


def test_labels_of_one_company_are_judged_by_those_of_others() -> None:
    """Two companies, each always right or always wrong: a curve that knows neither says what the other taught it."""
    labels = [Given(0.9, True)] * 30 + [Given(0.9, False)] * 30
    judged = left_out(labels, ["a"] * 30 + ["b"] * 30)
    assert [one.confidence for one in judged] == [0.9] * 60  # the others are all alike: no curve
    mixed = left_out(labels, list(range(60)))
    assert all(one.confidence < 0.6 for one in mixed)
