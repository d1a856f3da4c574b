"""How a local ONNX model is opened: what the processor does with products of 8 bits is tried, and heeded."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from indexing import session as sessions


def test_the_probe_is_one_product_of_8_bits() -> None:
    model = onnx.load_model_from_string(sessions.PROBE)
    onnx.checker.check_model(model)
    (node,) = model.graph.node
    assert (node.op_type, list(node.input), list(node.output)) == ("MatMulInteger", ["a", "b"], ["y"])
    kinds = [entry.type.tensor_type.elem_type for entry in model.graph.input]
    assert kinds == [TensorProto.UINT8, TensorProto.INT8]


@pytest.mark.parametrize("cut", [False, True])
def test_a_product_of_the_largest_numbers_is_exact_whatever_the_processor_does(
    cut: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shipped models rely on it: with the option where the processor cuts sums, without where it does not."""
    if cut:
        monkeypatch.setattr(sessions, "saturates", lambda: True)
    weights = helper.make_tensor("b", TensorProto.INT8, (64, 16), bytes([127] * 64 * 16), raw=True)
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["a", "b"], ["y"])],
        "product",
        [helper.make_tensor_value_info("a", TensorProto.UINT8, ["rows", 64])],
        [helper.make_tensor_value_info("y", TensorProto.INT32, ["rows", 16])],
        [weights],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    opened = sessions.session(model.SerializeToString())
    (found,) = opened.run(None, {"a": np.full((5, 64), 255, dtype=np.uint8)})
    assert (found == 64 * 255 * 127).all()
    entry = opened.get_session_options().get_session_config_entry
    if cut:
        assert entry("session.x64quantprecision") == "1"
