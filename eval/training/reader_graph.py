"""The reader as a graph that processors run fast: the encoder of `quantised`, and the two heads in single precision.

One pair a run: without a mask and without padding, and a pair's logits depend on nothing but the pair.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from onnx import TensorProto

from eval.training.quantised import Array, Bert, Dense, Graph, Layer, Norm, Peaks, encoder

INPUTS = ("input_ids", "token_type_ids")
FAR = 1e4  # what takes a token out of a maximum
SURE = 4.0  # how much the whole head's fourth part, a cosine, is stretched


@dataclass(frozen=True, slots=True)
class Heads:
    """What the logits are made of, beside the encoder; see `network.Network`."""

    pooler: Dense
    relevant: Dense
    token: Dense
    whole: Dense


def arrays(state: Mapping[str, Array], heads: int, longest: int) -> tuple[Bert, Heads]:
    """The weights of `network.Network` by their names; `longest` is how many places a pair can have."""

    def dense(name: str) -> Dense:
        return Dense(state[f"{name}.weight"].T.copy(), state[f"{name}.bias"])

    def norm(name: str) -> Norm:
        return Norm(state[f"{name}.weight"], state[f"{name}.bias"])

    def layer(at: str) -> Layer:
        query, key, value, mixed, inner, outer = (
            dense(f"{at}.{part}") for part in ("query", "key", "value", "mixed", "inner", "outer")
        )
        return Layer(query, key, value, mixed, norm(f"{at}.mixed_norm"), inner, outer, norm(f"{at}.outer_norm"))

    count = len({name.split(".")[1] for name in state if name.startswith("layers.")})
    bert = Bert(
        words=state["words.weight"],
        places=state["places.weight"][:longest],
        kinds=state["kinds.weight"],
        norm=norm("norm"),
        layers=[layer(f"layers.{number}") for number in range(count)],
        heads=heads,
    )
    return bert, Heads(*(dense(name) for name in ("pooler", "relevant", "token", "whole")))


def reader(bert: Bert, heads: Heads, seen: Peaks | None) -> bytes:
    """The file; with `seen` its encoder is of 8 bits. `logits` `(1, 3)`, `tokens` `(1, width, 2)` as `Network` says."""
    graph = Graph()
    hidden = encoder(graph, bert, seen, kinds=True)
    _logits(graph, hidden, heads)
    return graph.model(INPUTS, {"logits": ["texts", 3], "tokens": ["texts", "width", 2]})


def _logits(graph: Graph, hidden: str, heads: Heads) -> None:
    one = graph.hold("one", np.array([1], np.float32))
    graph.hold("second", np.array([1], np.int64))
    judged = graph.node("Cast", ["token_type_ids"], "judged", to=TensorProto.FLOAT)
    ours = _mean(graph, hidden, judged, "ours")
    theirs = _mean(graph, hidden, graph.node("Sub", [one, judged], "read"), "theirs")
    graph.node("Gather", [hidden, graph.hold("begin", np.array(0, np.int64))], "front", axis=1)
    parts = ["front", ours, theirs, _alike(graph, ours, theirs)]
    whole = _dense(graph, graph.node("Concat", parts, "parts", axis=-1), heads.whole, "whole")
    pooled = graph.node("Tanh", [_dense(graph, "front", heads.pooler, "pooler")], "pooled")
    relevant = _padded(graph, _dense(graph, pooled, heads.relevant, "relevant"), 2)
    most = _padded(graph, _most(graph, hidden, judged, heads.token), 1)
    graph.node("Add", [graph.node("Add", [whole, most], "logits.judged"), relevant], "logits")


def _mean(graph: Graph, hidden: str, weights: str, name: str) -> str:
    """The mean of the tokens whose weight is 1; zeros where there are none."""
    graph.node("Unsqueeze", [weights, "second"], f"{name}.weights")
    graph.node("MatMul", [f"{name}.weights", hidden], f"{name}.sums")
    graph.node("Squeeze", [f"{name}.sums", "second"], f"{name}.sum")
    graph.node("ReduceSum", [weights, "second"], f"{name}.counted", keepdims=1)
    graph.node("Max", [f"{name}.counted", "one"], f"{name}.count")
    return graph.node("Div", [f"{name}.sum", f"{name}.count"], name)


def _alike(graph: Graph, ours: str, theirs: str) -> str:
    """The cosine of two rows, stretched."""
    graph.hold("least", np.array([1e-12], np.float32))
    for name in (ours, theirs):
        graph.node("ReduceL2", [name], f"{name}.long", axes=[-1], keepdims=1)
        graph.node("Max", [f"{name}.long", "least"], f"{name}.length")
        graph.node("Div", [name, f"{name}.length"], f"{name}.unit")
    graph.node("Mul", [f"{ours}.unit", f"{theirs}.unit"], "alike.parts")
    graph.node("ReduceSum", ["alike.parts", "second"], "alike.sum", keepdims=1)
    return graph.node("Mul", ["alike.sum", graph.hold("sure", np.array([SURE], np.float32))], "alike")


def _most(graph: Graph, hidden: str, judged: str, token: Dense) -> str:
    """The smooth maximum of each token head over what is judged."""
    graph.node("MatMul", [hidden, graph.hold("token.weight", token.weight)], "token.product")
    graph.node("Add", ["token.product", graph.hold("token.bias", token.bias)], "tokens")
    graph.node("Sub", [judged, "one"], "out")
    graph.node("Mul", ["out", graph.hold("far", np.array([FAR], np.float32))], "out.far")
    graph.node("Unsqueeze", ["out.far", graph.hold("third", np.array([2], np.int64))], "out.column")
    graph.node("Add", ["tokens", "out.column"], "tokens.judged")
    return graph.node("ReduceLogSumExp", ["tokens.judged"], "most", axes=[1], keepdims=0)


def _dense(graph: Graph, rows: str, dense: Dense, name: str) -> str:
    weights = [graph.hold(f"{name}.weight", dense.weight), graph.hold(f"{name}.bias", dense.bias)]
    return graph.node("Gemm", [rows, *weights], name)


def _padded(graph: Graph, rows: str, columns: int) -> str:
    """With so many columns of zeros after its own."""
    pads = graph.hold(f"{rows}.pads", np.array([0, 0, 0, columns], np.int64))
    return graph.node("Pad", [rows, pads], f"{rows}.padded")
