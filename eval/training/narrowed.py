"""A BERT whose inner layers are narrower: columns that others can stand in for go, the rest makes up for them.

Optimal brain surgery (Hassibi and Stork 1993) over columns: those whose loss changes the layer's output least, as seen
on a few texts, are taken out one by one, and the weights of the others become what comes nearest to the output of
before. Nothing is trained; each layer is solved in closed form.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from eval.training.quantised import Bert, Dense, Graph, Layer, encoder
from indexing.session import session

HELD = 1e-4  # of the mean square of a column: what keeps the equations solvable
ROWS = 1024  # tokens that are added up at once
Square = npt.NDArray[np.float64]


def narrowed(bert: Bert, texts: Iterable[Mapping[str, npt.NDArray[np.int64]]], columns: int) -> Bert:
    """The same encoder with so many inner columns a layer; `texts` are the inputs of a run each, like those to come."""
    squares = _squares(bert, texts)
    layers = [_narrow(layer, square, columns) for layer, square in zip(bert.layers, squares, strict=True)]
    return replace(bert, layers=layers)


def _squares(bert: Bert, texts: Iterable[Mapping[str, npt.NDArray[np.int64]]]) -> list[Square]:
    """Of each layer the products of all inner columns with each other, summed over tokens; the last column is 1."""
    graph, names = Graph(), [f"layer{number}.inner" for number in range(len(bert.layers))]
    encoder(graph, bert, None, kinds=True)
    data = graph.model(["input_ids", "token_type_ids"], {name: ["texts", "width", f"{name}.all"] for name in names})
    opened = session(data)
    sizes = [len(layer.inner.bias) + 1 for layer in bert.layers]
    found = [np.zeros((size, size)) for size in sizes]
    waiting: list[list[npt.NDArray[np.float32]]] = []

    def add() -> None:
        for place, total in enumerate(found):
            rows = np.concatenate([one[place] for one in waiting])
            rows = np.concatenate([rows, np.ones((len(rows), 1), np.float32)], axis=1)
            total += rows.T @ rows
        waiting.clear()

    for text in texts:
        waiting.append([rows[0] for rows in opened.run(names, dict(text))])
        if sum(len(one[0]) for one in waiting) >= ROWS:
            add()
    if waiting:
        add()
    return found


def _narrow(layer: Layer, square: Square, columns: int) -> Layer:
    weights = np.concatenate([layer.outer.weight, layer.outer.bias[None]]).astype(np.float64)
    whole = square + np.eye(len(square)) * HELD * np.diag(square)[:-1].mean()
    kept = _kept(whole, weights, columns)
    own = np.append(kept, len(weights) - 1)
    solved = np.linalg.solve(whole[np.ix_(own, own)], whole[own] @ weights).astype(np.float32)
    inner = Dense(layer.inner.weight[:, kept], layer.inner.bias[kept])
    return replace(layer, inner=inner, outer=Dense(solved[:-1], solved[-1]))


def _kept(square: Square, weights: Square, columns: int) -> npt.NDArray[np.int64]:
    """The columns that stay: one by one the one that is missed least goes; the last, the bias, stays."""
    inverse, weights, here = np.linalg.inv(square), weights.copy(), np.ones(len(weights) - 1, dtype=bool)
    for _ in range(len(here) - columns):
        missed = np.full(len(here), np.inf)
        missed[here] = (weights[:-1][here] ** 2).sum(axis=1) / np.diag(inverse)[:-1][here]
        gone = int(missed.argmin())
        shift = inverse[:, gone] / inverse[gone, gone]
        weights -= np.outer(shift, weights[gone])
        inverse -= np.outer(shift, inverse[gone])
        here[gone] = False
    return np.flatnonzero(here)
