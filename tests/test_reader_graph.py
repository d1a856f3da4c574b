"""The reader's graph: what it computes, what it leaves out, and that a pair is read as if it were alone."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.evidence.reader_model import EVIDENCE, JUDGED, LONGEST, QUESTION, Encoded, encoded, inputs
from app.evidence.understanding import SHIPPED, reading
from eval.training.narrowed import narrowed
from eval.training.quantised import Bert, Dense, peaks
from eval.training.reader_graph import Heads, arrays, reader
from indexing.session import session
from tests.test_quantised import WIDTH, WORDS, computed, made


def heads(seed: int = 4) -> Heads:
    rng = np.random.default_rng(seed)

    def dense(rows: int, columns: int) -> Dense:
        weight, bias = rng.normal(size=(rows, columns)) / math.sqrt(rows), rng.normal(size=columns)
        return Dense(weight.astype(np.float32), bias.astype(np.float32))

    return Heads(dense(WIDTH, WIDTH), dense(WIDTH, 1), dense(WIDTH, 2), dense(3 * WIDTH + 1, 3))


def said(bert: Bert, heads: Heads, pair: Encoded) -> tuple[np.ndarray, np.ndarray]:
    """The logits, and those of the tokens, as `eval.training.network.Network` says what they are, in numpy."""
    hidden = computed(bert, np.array(pair.ids), np.array(pair.kinds))
    judged = np.array(pair.kinds, dtype=bool)
    ours, theirs = (hidden[rows].sum(axis=0) / max(1, rows.sum()) for rows in (judged, ~judged))
    alike = ours @ theirs / max(1e-12, float(np.linalg.norm(ours) * np.linalg.norm(theirs)))

    def applied(rows: np.ndarray, dense: Dense) -> np.ndarray:
        return rows @ dense.weight + dense.bias

    tokens = applied(hidden, heads.token) + (judged[:, None] - 1.0) * 1e4
    most = np.log(np.exp(tokens - tokens.max(axis=0)).sum(axis=0)) + tokens.max(axis=0)
    relevant = applied(np.tanh(applied(hidden[0], heads.pooler)), heads.relevant)
    whole = applied(np.concatenate([hidden[0], ours, theirs, [4 * alike]]), heads.whole)
    return np.asarray(whole + np.array([*most, 0]) + np.array([*relevant, 0, 0])), applied(hidden, heads.token)


def pair(read: list[int], judged: list[int]) -> Encoded:
    return Encoded([*read, *judged, 3], [*[0] * len(read), *[1] * len(judged), 0])


def some(count: int) -> list[Encoded]:
    rng = np.random.default_rng(7)
    return [pair(*(rng.integers(0, WORDS, rng.integers(3, 9)).tolist() for _ in range(2))) for _ in range(count)]


@cache
def graph(*, small: bool) -> bytes:
    bert = made(3)
    seen = peaks(bert, [inputs(one) for one in some(20)], kinds=True) if small else None
    return reader(bert, heads(), seen)


@pytest.mark.parametrize("small", [False, True])
def test_the_graph_says_what_the_network_is(small: bool) -> None:
    run = session(graph(small=small))
    assert [entry.name for entry in run.get_inputs()] == ["input_ids", "token_type_ids"]
    for one in some(12):
        logits, tokens = run.run(["logits", "tokens"], inputs(one))
        assert logits.shape == (1, 3) and tokens.shape == (1, len(one.ids), 2)
        for found, wanted in zip((logits[0], tokens[0]), said(made(3), heads(), one), strict=True):
            assert np.abs(found - wanted).max() < (0.5 if small else 0.05)


def test_columns_that_others_stand_in_for_are_left_out_and_nothing_changes() -> None:
    """Every inner column twice, at different weights: half of them are enough."""
    bert = made(3)
    twice = [
        replace(
            layer,
            inner=Dense(np.repeat(layer.inner.weight, 2, axis=1), np.repeat(layer.inner.bias, 2)),
            outer=Dense(np.repeat(layer.outer.weight, 2, axis=0) * np.float32(0.5), layer.outer.bias),
        )
        for layer in bert.layers
    ]
    columns = len(bert.layers[0].inner.bias)
    found = narrowed(replace(bert, layers=twice), [inputs(one) for one in some(60)], columns)
    for before, after in zip(twice, found.layers, strict=True):
        assert after.inner.weight.shape == (WIDTH, columns) and after.outer.weight.shape == (columns, WIDTH)
        assert before.inner.weight.shape == (WIDTH, 2 * columns)
    for one in some(90)[60:]:
        rows = [computed(each, np.array(one.ids), np.array(one.kinds)) for each in (bert, found)]
        assert np.abs(rows[0] - rows[1]).max() < 0.02


def test_the_columns_that_are_missed_least_go() -> None:
    bert = made(3)
    idle = [replace(one, outer=Dense(one.outer.weight.copy(), one.outer.bias)) for one in bert.layers]
    for layer in idle:
        layer.outer.weight[10:30] *= 1e-3
    found = narrowed(replace(bert, layers=idle), [inputs(one) for one in some(60)], 76)
    for before, after in zip(idle, found.layers, strict=True):
        kept = np.r_[0:10, 30:96]
        assert np.array_equal(after.inner.weight, before.inner.weight[:, kept])


def test_the_graph_reads_the_weights_of_the_network_in_torch() -> None:
    torch = pytest.importorskip("torch")
    from eval.training.network import HEADS, KEPT, Network

    torch.manual_seed(6)
    network = Network().eval()
    state = {name: weight.numpy() for name, weight in network.state_dict().items()}
    bert, own = arrays(state, HEADS, LONGEST)
    assert len(bert.layers) == len(KEPT)
    run = session(reader(bert, own, None))
    for one in some(3):
        feed = inputs(one)
        given = [feed["input_ids"], np.ones_like(feed["input_ids"]), feed["token_type_ids"]]
        with torch.no_grad():
            wanted = network(*map(torch.from_numpy, given))[0].numpy()
        assert np.abs(run.run(["logits"], feed)[0] - wanted).max() < 0.05


SENTENCES = st.lists(
    st.lists(st.sampled_from("the mayor of Orle sold a bridge on Monday , said her office".split()), max_size=14).map(
        " ".join
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=12)
@given(SENTENCES, st.integers(0, 5))
def test_what_is_read_of_a_sentence_does_not_depend_on_what_else_is_asked(sentences: list[str], place: int) -> None:
    reads, question = reading(SHIPPED).reads, "Who sold the bridge at Orle?"
    one = sentences[place % len(sentences)]
    (alone,) = reads(question, [one], ["Orle."])
    together = reads(question, sentences, ["Orle."] * len(sentences))
    assert together[place % len(sentences)] == alone
    assert together[::-1] == reads(question, sentences[::-1], ["Orle."] * len(sentences))


@settings(max_examples=12)
@given(SENTENCES)
def test_the_words_that_may_answer_are_told_of_what_was_read_of_each_sentence(sentences: list[str]) -> None:
    for one, text in zip(
        reading(SHIPPED).reads("Who sold it?", sentences, ["Orle."] * len(sentences)), sentences, strict=True
    ):
        places = [(start, end) for start, end, _ in one.tokens]
        assert len(places) <= JUDGED and all(0 <= chance <= 1 for _, _, chance in one.tokens)
        assert all(0 <= start < end <= len(text) for start, end in places) and places == sorted(places)


@given(st.lists(st.integers(1000, 9000), max_size=200), st.lists(st.integers(1000, 9000), max_size=200))
def test_no_pair_is_longer_than_the_graph_has_places_for(read: list[int], judged: list[int]) -> None:
    assert len(encoded(read, read, judged, most=QUESTION).ids) <= LONGEST
    assert len(encoded(read, (), judged, most=EVIDENCE).ids) <= LONGEST
