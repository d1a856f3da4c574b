"""The graph of `eval.training.quantised`: a BERT as numpy computes it, and nearly that in 8 bits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from eval.training.quantised import APART, Array, Bert, Dense, Graph, Layer, Norm, encoder, peaks, taps
from indexing.session import session

WIDTH, INNER, HEADS, WORDS, LONGEST = 48, 96, 4, 50, 20


def made(seed: int, layers: int = 2) -> Bert:
    """A small encoder; one column of each inner layer reaches far beyond the others, as trained ones do."""
    rng = np.random.default_rng(seed)

    def rows(*shape: int, scale: float = 1.0) -> Array:
        return (rng.normal(size=shape) * scale).astype(np.float32)

    def dense(inputs: int, outputs: int) -> Dense:
        return Dense(rows(inputs, outputs, scale=1 / math.sqrt(inputs)), rows(outputs, scale=0.1))

    def norm() -> Norm:
        return Norm(1 + rows(WIDTH, scale=0.2), rows(WIDTH, scale=0.1))

    def layer() -> Layer:
        inner = dense(WIDTH, INNER)
        inner.bias[7] += 25
        query, key, value, mixed = (dense(WIDTH, WIDTH) for _ in range(4))
        return Layer(query, key, value, mixed, norm(), inner, dense(INNER, WIDTH), norm())

    embeddings = rows(WORDS, WIDTH), rows(LONGEST, WIDTH), rows(2, WIDTH)
    return Bert(*embeddings, norm=norm(), layers=[layer() for _ in range(layers)], heads=HEADS)


def computed(bert: Bert, ids: npt.NDArray[np.int64], kinds: npt.NDArray[np.int64]) -> Array:
    """The same in numpy, after Devlin et al. 2019: `(width of the text, columns)`."""
    erf = np.vectorize(math.erf)

    def normed(rows: Array, norm: Norm) -> Array:
        centred = rows - rows.mean(axis=-1, keepdims=True)
        return np.asarray(centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True)) * norm.gain + norm.bias)

    def applied(rows: Array, dense: Dense) -> Array:
        return np.asarray(rows @ dense.weight + dense.bias)

    hidden = normed(bert.words[ids] + bert.places[: len(ids)] + bert.kinds[kinds], bert.norm)
    for layer in bert.layers:
        asked, keys, values = (
            applied(hidden, part).reshape(len(ids), bert.heads, -1).transpose(1, 0, 2)
            for part in (layer.query, layer.key, layer.value)
        )
        odds = np.exp(asked @ keys.transpose(0, 2, 1) / math.sqrt(asked.shape[-1]))
        found = (odds / odds.sum(axis=-1, keepdims=True)) @ values
        hidden = normed(hidden + applied(found.transpose(1, 0, 2).reshape(len(ids), -1), layer.mixed), layer.mixed_norm)
        inner = applied(hidden, layer.inner)
        inner = inner * (1 + erf(inner / math.sqrt(2))) / 2
        hidden = normed(hidden + applied(inner, layer.outer), layer.outer_norm)
    return hidden


def opened(bert: Bert, *, small: bool, kinds: bool) -> Any:
    graph, rng = Graph(), np.random.default_rng(1)
    names = ["input_ids", "token_type_ids"] if kinds else ["input_ids"]
    texts = [{name: rng.integers(0, 2, (1, 9)) for name in names} for _ in range(4)]
    texts = [text | {"input_ids": rng.integers(0, WORDS, (1, 9))} for text in texts]
    last = encoder(graph, bert, peaks(bert, texts, kinds=kinds) if small else None, kinds=kinds)
    data = graph.model(names, {last: ["texts", "width", WIDTH]})
    return session(data)


@pytest.mark.parametrize("kinds", [False, True])
@pytest.mark.parametrize("small", [False, True])
def test_the_graph_computes_what_the_encoder_is(small: bool, kinds: bool) -> None:
    bert, rng = made(3), np.random.default_rng(5)
    run = opened(bert, small=small, kinds=kinds)
    assert [entry.name for entry in run.get_inputs()] == ["input_ids", "token_type_ids"][: 1 + kinds]
    for length in (1, 2, 7, LONGEST):
        ids = rng.integers(0, WORDS, length)
        other = rng.integers(0, 2, length) if kinds else np.zeros(length, np.int64)
        feed = {"input_ids": ids[None], "token_type_ids": other[None]}
        (rows,) = run.run(None, {entry.name: feed[entry.name] for entry in run.get_inputs()})[0]
        wanted = computed(bert, ids, other)
        alike = (rows * wanted).sum(axis=1) / np.linalg.norm(rows, axis=1) / np.linalg.norm(wanted, axis=1)
        assert alike.min() > (0.995 if small else 0.9998)  # its words are of 8 bits in both


def test_the_columns_that_reach_furthest_stay_in_single_precision() -> None:
    """With them in 8 bits, too, all others would be read in steps of a tenth."""
    bert = made(3)
    seen = peaks(bert, [{"input_ids": np.arange(12, dtype=np.int64)[None]}])
    assert set(seen) == set(taps(bert))
    for number, layer in enumerate(bert.layers):
        assert int(seen[f"layer{number}.inner"].argmax()) == 7
        graph = Graph()
        encoder(graph, bert, seen)
        held = {one.name: one for one in graph.weights}
        assert list(held[f"layer{number}.far.outer"].dims) == [APART, WIDTH]
        assert list(held[f"layer{number}.outer.weight"].dims) == [INNER - APART, WIDTH]
        assert layer.outer.weight.shape == (INNER, WIDTH)
