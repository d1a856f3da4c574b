"""A BERT encoder as an ONNX graph that processors run fast: 8-bit weights, joined operations, one text a run.

What torch or a general quantiser exports runs at a third of the speed of what is written here, by onnxruntime 1.32 on
two cores. What helps: products that quantise their input and scale their result in one operation; attention in one
operation, without a mask, since one text a run needs no padding; layer norms apart from their sums. What keeps the
vectors: every column of a matrix has its own scale; the few columns of the inner layer that reach far beyond all
others stay in single precision; and inputs whose columns differ much are brought nearer to each other, at the cost of
the weights (SmoothQuant, Xiao et al. 2022). Which columns those are is seen on a few texts (`peaks`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

Array = npt.NDArray[np.float32]
Peaks = Mapping[str, Array]  # of a tensor's columns, the largest magnitude seen

OPSET, IR = 17, 8  # old enough for onnxruntime 1.20
JOINED = "com.microsoft"  # onnxruntime's own operations
EPSILON = 1e-12
TOP = 127  # of 8 bits with a sign
APART = 8  # columns of each inner layer that stay in single precision
SMOOTH = 0.7  # how much of a column's reach moves into the weights


@dataclass(frozen=True, slots=True)
class Dense:
    """`x @ weight + bias`; weight `(inputs, outputs)`."""

    weight: Array
    bias: Array


@dataclass(frozen=True, slots=True)
class Norm:
    gain: Array
    bias: Array


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of BERT."""

    query: Dense
    key: Dense
    value: Dense
    mixed: Dense
    mixed_norm: Norm
    inner: Dense
    outer: Dense
    outer_norm: Norm


@dataclass(frozen=True, slots=True)
class Bert:
    """All of an encoder: `words` `(vocabulary, width)`, `places` `(longest, width)`, `kinds` `(2, width)`."""

    words: Array
    places: Array
    kinds: Array
    norm: Norm
    layers: Sequence[Layer]
    heads: int
    active: str = "Gelu"  # or "FastGelu", by tanh: 1.5 % sooner, and nearer to it than 8 bits are
    apart_from: float = 0.0  # how many times as far as the rest inner columns must reach to stay in single precision


@dataclass
class Graph:
    """Nodes and weights as they are added; a node is called after what it puts out."""

    nodes: list[Any] = field(default_factory=list)
    weights: list[Any] = field(default_factory=list)

    def hold(self, name: str, array: npt.NDArray[Any]) -> str:
        self.weights.append(numpy_helper.from_array(np.asarray(array, order="C"), name))
        return name

    def node(self, operation: str, inputs: Sequence[str], output: str, domain: str = "", **attributes: Any) -> str:
        self.nodes.append(
            helper.make_node(operation, list(inputs), [output], domain=domain, name=f"{output}.node", **attributes)
        )
        return output

    def model(self, inputs: Sequence[str], outputs: Mapping[str, Sequence[str | int]]) -> bytes:
        """The file: `inputs` are int64 `(texts, width)`, `outputs` float32 of the shapes given."""
        entries = [helper.make_tensor_value_info(name, TensorProto.INT64, ["texts", "width"]) for name in inputs]
        results = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()]
        graph = helper.make_graph(self.nodes, "bert", entries, results, self.weights)
        sets = [helper.make_opsetid("", OPSET), helper.make_opsetid(JOINED, 1)]
        model = helper.make_model(graph, opset_imports=sets, ir_version=IR, producer_name="onrecord")
        onnx.checker.check_model(model)
        return bytes(model.SerializeToString(deterministic=True))


def encoder(graph: Graph, bert: Bert, seen: Peaks | None, *, kinds: bool = False) -> str:
    """Add the encoder; returns the name of its last layer's output, `(texts, width, columns)`.

    With `seen` its products are of 8 bits; without it is in single precision, and `taps` of it are what to look at.
    `kinds` reads `token_type_ids`; else all tokens are of the first kind. The input is `input_ids`.
    """
    hidden = _embedded(graph, bert, kinds=kinds)
    for number, layer in enumerate(bert.layers):
        hidden = _layer(graph, f"layer{number}", hidden, layer, bert, seen)
    return hidden


def taps(bert: Bert) -> list[str]:
    """The tensors whose peaks `encoder` asks for."""
    inputs = ["embedded", *(f"layer{number}.out" for number in range(len(bert.layers) - 1))]
    inner = [f"layer{number}.{part}" for number in range(len(bert.layers)) for part in ("between", "inner")]
    return inputs + inner


def peaks(bert: Bert, texts: Iterable[Mapping[str, npt.NDArray[np.int64]]], *, kinds: bool = False) -> Peaks:
    """What the tensors of `taps` reach over some texts, each the inputs of a run."""
    import onnxruntime

    graph, names = Graph(), taps(bert)
    encoder(graph, bert, None, kinds=kinds)
    outputs = {name: ["texts", "width", f"{name}.columns"] for name in names}
    data = graph.model(["input_ids", *(["token_type_ids"] if kinds else [])], outputs)
    # with onnxruntime's own options: those of indexing/session.py round otherwise, and would write other bytes
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    found: dict[str, Array] = {}
    for text in texts:
        for name, rows in zip(names, session.run(names, dict(text)), strict=True):
            most = np.abs(rows).reshape(-1, rows.shape[-1]).max(axis=0)
            found[name] = np.maximum(found.get(name, most), most)
    return found


def _embedded(graph: Graph, bert: Bert, *, kinds: bool) -> str:
    """Words as 8 bits with a scale for each row, places, kinds; their sum, normed."""
    scales = np.maximum(np.abs(bert.words).max(axis=1, keepdims=True) / TOP, 1e-12).astype(np.float32)
    graph.hold("words", np.rint(bert.words / scales).astype(np.int8))
    graph.hold("words.scales", scales)
    graph.hold("places", bert.places if kinds else bert.places + bert.kinds[0])
    graph.node("Gather", ["words", "input_ids"], "words.small")
    graph.node("Cast", ["words.small"], "words.float", to=TensorProto.FLOAT)
    graph.node("Gather", ["words.scales", "input_ids"], "words.scale")
    graph.node("Mul", ["words.float", "words.scale"], "words.read")
    graph.node("Shape", ["input_ids"], "width", start=1, end=2)
    graph.node("Slice", ["places", graph.hold("first", np.array([0], np.int64)), "width", "first"], "places.read")
    total = graph.node("Add", ["words.read", "places.read"], "embedded.sum")
    if kinds:
        graph.node("Gather", [graph.hold("kinds", bert.kinds), "token_type_ids"], "kinds.read")
        total = graph.node("Add", [total, "kinds.read"], "embedded.all")
    return _normed(graph, total, bert.norm, "embedded")


def _layer(graph: Graph, name: str, hidden: str, layer: Layer, bert: Bert, seen: Peaks | None) -> str:
    parts = [layer.query, layer.key, layer.value]
    read, parts = _smoothed(graph, f"{name}.attention", hidden, parts, seen)
    given = _quantised(graph, read) if seen else None
    names = [f"{name}.{part}" for part in ("query", "key", "value")]
    asked = [_product(graph, own, read, part, seen, given) for own, part in zip(names, parts, strict=True)]
    found = graph.node("MultiHeadAttention", asked, f"{name}.attended", JOINED, num_heads=bert.heads)
    mixed = _product(graph, f"{name}.mixed", found, layer.mixed, seen)
    total = graph.node("Add", [hidden, mixed], f"{name}.between.sum")
    between = _normed(graph, total, layer.mixed_norm, f"{name}.between")
    out = _inner(graph, name, between, layer, bert, seen)
    return _normed(graph, graph.node("Add", [between, out], f"{name}.out.sum"), layer.outer_norm, f"{name}.out")


def _inner(graph: Graph, name: str, hidden: str, layer: Layer, bert: Bert, seen: Peaks | None) -> str:
    """The two products with what lies between; the columns that reach furthest go their own way."""
    read, (inner,) = _smoothed(graph, f"{name}.inner", hidden, [layer.inner], seen)
    outer, apart = layer.outer, None
    reach = seen[f"{name}.inner"] if seen else np.zeros(0, np.float32)
    order = np.argsort(-reach, kind="stable")
    if seen and reach[order[0]] >= bert.apart_from * reach[order[APART]]:
        far, near = np.sort(order[:APART]), np.sort(order[APART:])
        few = Dense(inner.weight[:, far], inner.bias[far])
        reached = _product(graph, f"{name}.far", read, few, None)
        reached = graph.node(bert.active, [reached], f"{name}.far.active", JOINED)
        apart = graph.node("MatMul", [reached, graph.hold(f"{name}.far.outer", outer.weight[far])], f"{name}.far.out")
        inner, outer = Dense(inner.weight[:, near], inner.bias[near]), Dense(outer.weight[near], outer.bias)
    active = _product(graph, f"{name}.inner.in", read, inner, seen)
    active = graph.node(bert.active, [active], f"{name}.inner", JOINED)
    out = _product(graph, f"{name}.outer", active, outer, seen)
    return graph.node("Add", [out, apart], f"{name}.outer.all") if apart else out


def _normed(graph: Graph, total: str, norm: Norm, name: str) -> str:
    weights = [graph.hold(f"{name}.gain", norm.gain), graph.hold(f"{name}.bias", norm.bias)]
    return graph.node("LayerNormalization", [total, *weights], name, axis=-1, epsilon=EPSILON)


def _smoothed(
    graph: Graph, name: str, hidden: str, parts: Sequence[Dense], seen: Peaks | None
) -> tuple[str, list[Dense]]:
    """The input divided, and the weights multiplied, by a factor for each column: their product stays."""
    if not seen:
        return hidden, list(parts)
    weights = np.abs(np.concatenate([part.weight for part in parts], axis=1)).max(axis=1)
    factors = np.maximum(seen[hidden], 1e-5) ** SMOOTH / np.maximum(weights, 1e-5) ** (1 - SMOOTH)
    factors = (factors / np.exp(np.log(factors).mean())).astype(np.float32)
    read = graph.node("Mul", [hidden, graph.hold(f"{name}.factors", 1 / factors)], f"{name}.read")
    return read, [Dense(part.weight * factors[:, None], part.bias) for part in parts]


def _quantised(graph: Graph, hidden: str) -> Sequence[str]:
    """The input as 8 bits with its scale and zero, once for several products."""
    outputs = [f"{hidden}.{part}" for part in ("small", "scale", "zero")]
    graph.nodes.append(helper.make_node("DynamicQuantizeLinear", [hidden], outputs, name=f"{hidden}.small.node"))
    return outputs


def _product(
    graph: Graph, name: str, hidden: str, dense: Dense, seen: Peaks | None, given: Sequence[str] | None = None
) -> str:
    """`given` is the input as 8 bits, where it is shared."""
    bias = graph.hold(f"{name}.bias", dense.bias)
    if not seen:
        graph.node("MatMul", [hidden, graph.hold(f"{name}.weight", dense.weight)], f"{name}.product")
        return graph.node("Add", [f"{name}.product", bias], name)
    scales = (np.maximum(np.abs(dense.weight).max(axis=0), 1e-12) / TOP).astype(np.float32)
    weight = graph.hold(f"{name}.weight", np.rint(dense.weight / scales).astype(np.int8))
    rest = [graph.hold(f"{name}.scales", scales), graph.hold(f"{name}.zeros", np.zeros(len(scales), np.int8)), bias]
    if not given:
        return graph.node("DynamicQuantizeMatMul", [hidden, weight, *rest], name, JOINED)
    small, scale, zero = given
    inputs = [small, weight, scale, rest[0], zero, *rest[1:]]
    return graph.node("MatMulIntegerToFloat", inputs, name, JOINED)
