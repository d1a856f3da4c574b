"""Intervals and comparisons: by hand where a hand can, by simulation where a promise is statistical."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.benchmarks.intervals import bench_intervals, intervals_report
from eval.paired import McNemar, holm, mcnemar, paired
from eval.stats import FEWEST, degrees_of_freedom, draws, interval, leave_one_out, standard_error

Clusters = st.lists(
    st.tuples(st.integers(0, 6), st.integers(1, 6)).map(lambda p: (min(p), p[1])), min_size=8, max_size=25
)


def test_with_fewer_than_eight_clusters_there_is_no_interval() -> None:
    assert interval([1.0] * (FEWEST - 1), [2.0] * (FEWEST - 1)) is None
    assert interval([1.0, 0.0] * 4, [2.0] * 8) is not None
    assert interval([1.0, 0.0] * 4 + [0.0], [2.0] * 7 + [0.0, 0.0]) is None  # a cluster that counts nothing is none


def test_where_all_agree_the_bound_is_the_exact_binomial_one() -> None:
    bounds = interval([5.0] * 8, [5.0] * 8)
    assert bounds is not None
    assert bounds.high == 1.0
    assert bounds.low == pytest.approx(0.025 ** (1 / 40))  # the chance that 40 of 40 come out right is then 2.5 %
    none = interval([0.0] * 8, [5.0] * 8)
    assert none is not None
    assert none.low == 0.0
    assert none.high == pytest.approx(1 - 0.025 ** (1 / 40))


def test_the_interval_of_a_mean_of_equal_clusters_is_students() -> None:
    values = [float(value) for value in range(20)]
    bounds = interval(values, [1.0] * 20, share=False)
    assert bounds is not None
    error = float(np.std(values, ddof=1)) / math.sqrt(20) * 2.0930  # t with 19 degrees of freedom
    assert bounds.high - 9.5 == pytest.approx(error, rel=1e-4)
    assert 9.5 - bounds.low == pytest.approx(error, rel=1e-4)


@settings(max_examples=60)
@given(Clusters)
def test_a_share_lies_in_its_interval_and_the_interval_in_zero_and_one(clusters: list[tuple[int, int]]) -> None:
    totals, counts = [float(total) for total, _ in clusters], [float(count) for _, count in clusters]
    bounds = interval(totals, counts)
    assert bounds is not None
    assert 0 <= bounds.low <= sum(totals) / sum(counts) + 1e-9
    assert sum(totals) / sum(counts) - 1e-9 <= bounds.high <= 1
    assert interval(totals, counts) == bounds  # seeded


def test_more_clusters_make_it_narrower() -> None:
    few, many = (interval([1.0, 2.0, 3.0, 2.0] * times, [4.0] * 4 * times) for times in (2, 10))
    assert few is not None
    assert many is not None
    assert many.high - many.low < few.high - few.low


def test_leaving_out_and_drawing_by_hand() -> None:
    totals, counts = np.array([1.0, 0.0, 2.0]), np.array([2.0, 2.0, 2.0])
    assert leave_one_out(totals, counts).tolist() == [2 / 4, 3 / 4, 1 / 4]
    assert set(np.round(draws(totals, counts) * 6).astype(int)) == {0, 1, 2, 3, 4, 5, 6}
    assert leave_one_out(np.array([1.0]), np.array([1.0])).tolist() == [math.inf]


def test_degrees_of_freedom_are_those_of_the_matrices_they_come_from() -> None:
    assert degrees_of_freedom(np.full(12, 3.0)) == pytest.approx(11)
    count = np.array([40.0, 1.0, 2.0, 3.0, 5.0, 1.0, 1.0, 8.0])
    share, size = count / count.sum(), len(count)
    # CR2's variance is a quadratic form of what lies beside the ratio, here over independent items of one variance.
    beside = np.eye(size) - np.outer(share, np.ones(size))
    form = beside.T @ np.diag(1 / (1 - share)) @ beside @ np.diag(share)
    assert degrees_of_freedom(count) == pytest.approx(np.trace(form) ** 2 / np.trace(form @ form))
    assert degrees_of_freedom(count) < 3


@settings(max_examples=60)
@given(st.lists(st.integers(1, 50), min_size=8, max_size=30))
def test_uneven_clusters_have_fewer_degrees_of_freedom_and_never_more_than_clusters_less_one(sizes: list[int]) -> None:
    found = degrees_of_freedom(np.array(sizes, dtype=float))
    assert 1 <= found <= len(sizes) - 1 + 1e-9


def test_the_error_of_one_large_cluster_is_not_taken_for_small() -> None:
    total, count = np.array([30.0, *[0.0] * 9, *[1.0] * 10]), np.array([40.0, *[1.0] * 19])
    beside = total - total.sum() / count.sum() * count
    plain = math.sqrt((beside**2).sum()) / count.sum()
    assert standard_error(total, count) > 1.2 * plain


def test_a_small_version_of_the_promises_holds() -> None:
    result = bench_intervals(150, seed=3)
    for row in result["rows"]:
        assert 0.90 <= row["coverage"] <= 1.0, row  # 0.95 ± 0.035 in 150 simulations, less what 12 rows may stray
        assert row["false_alarms"] <= 0.11, row
    mean = sum(row["coverage"] for row in result["rows"]) / len(result["rows"])
    assert 0.93 <= mean <= 0.98
    assert "150 simulations each" in intervals_report(result)


# -- pairs -------------------------------------------------------------------------------------------------------------


def test_the_same_twice_differs_by_nothing() -> None:
    sums = np.array([1.0, 2.0] * 5), np.array([3.0] * 10)
    found = paired(sums, sums, 30)
    assert found is not None
    assert found.interval is not None
    assert (found.difference, found.interval.low, found.interval.high, found.p) == (0.0, 0.0, 0.0, 1.0)


def test_a_difference_of_means_is_nearly_the_paired_t_test() -> None:
    scipy_stats = pytest.importorskip("scipy.stats")
    generator = random.Random(4)
    first = np.array([generator.random() for _ in range(24)])
    second = first + np.array([generator.gauss(0.1, 0.2) for _ in range(24)])
    ones = np.ones(24)
    found = paired((first, ones), (second, ones), 24, share=False)
    assert found is not None
    assert found.p == pytest.approx(scipy_stats.ttest_rel(second, first).pvalue, rel=0.3)
    assert found.difference == pytest.approx(float((second - first).mean()))
    assert found.detectable is not None
    assert found.needed is not None
    assert (found.needed > 24) == (found.detectable > abs(found.difference))


def test_with_few_clusters_a_difference_has_no_interval() -> None:
    found = paired((np.array([0.0, 1.0]), np.ones(2)), (np.ones(2), np.ones(2)), 2)
    assert found is not None
    assert (found.difference, found.interval, found.p, found.detectable) == (0.5, None, None, None)
    assert paired((np.zeros(2), np.zeros(2)), (np.ones(2), np.ones(2)), 2) is None


def test_where_all_clusters_move_alike_the_sign_test_is_left() -> None:
    ones = np.ones(10)
    found = paired((np.zeros(10), ones), (ones, ones), 10)
    assert found is not None
    assert found.p == 2 * 0.5**10
    assert found.interval is not None
    assert found.interval.low == pytest.approx(0.025**0.1)
    assert found.interval.high == 1.0


def test_mcnemar_is_a_binomial_test_of_what_only_one_got_right() -> None:
    pairs = [(1.0, 0.0)] * 6 + [(0.0, 1.0)] + [(1.0, 1.0)] * 9 + [(0.0, 0.0)] * 4
    # 7 of 7 coin tosses fall 6:1 or further apart with chance 2 * (1 + 7) / 128.
    found = mcnemar(pairs)
    assert found is not None
    assert (found.only_first, found.only_second) == (6, 1)
    assert found.p == pytest.approx(0.125)
    assert mcnemar([(1.0, 1.0)]) == McNemar(0, 0, 1.0)
    assert mcnemar([(0.5, 1.0)]) is None
    assert mcnemar([]) is None


def test_holm_steps_down() -> None:
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03}) == {"a": 0.03, "c": 0.06, "b": 0.06}
    assert holm({"a": 0.9, "b": 0.8}) == {"b": 1.0, "a": 1.0}
    assert holm({}) == {}


@given(st.dictionaries(st.text("abc", min_size=1), st.floats(0, 1), max_size=8))
def test_holm_never_lowers_a_p_and_keeps_their_order(p_values: dict[str, float]) -> None:
    adjusted = holm(p_values)
    assert all(p <= adjusted[name] <= 1 for name, p in p_values.items())
    order = sorted(p_values, key=lambda name: (p_values[name], name))
    assert [adjusted[name] for name in order] == sorted(adjusted.values())
