"""A local ONNX model on this processor, with the options that all our models share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

SLOW = ["SkipLayerNormFusion"]  # it joins two operations into one that is slower than both (onnxruntime 1.32)


def session(model: Path | bytes, threads: int = 1) -> Any:
    """An `onnxruntime.InferenceSession`; `threads` is of one run, 0 for all cores. Raises onnxruntime's own types."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Without it, x86 processors that lack VNNI add products of 8 bits in 16 and cut what does not fit: the mean cosine
    # of a vector to its exact one falls from 0.999 to 0.994 there. All others do not heed it.
    options.add_session_config_entry("session.x64quantprecision", "1")
    source = model if isinstance(model, bytes) else str(model)
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"], disabled_optimizers=SLOW)
