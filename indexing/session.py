"""A local ONNX model on this processor, with the options that all our models share."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import numpy as np

SLOW = ["SkipLayerNormFusion"]  # it joins two operations into one that is slower than both (onnxruntime 1.32)
PROBE = (  # a whole model: y = MatMulInteger(a, b), a uint8 (4, 64), b int8 (64, 16)
    b'\x08\x08:\\\n\x18\n\x01a\n\x01b\x12\x01y"\rMatMulInteger\x12\x01pZ\x13\n\x01a\x12\x0e\n\x0c\x08\x02\x12\x08\n\x02'
    b"\x08\x04\n\x02\x08@Z\x13\n\x01b\x12\x0e\n\x0c\x08\x03\x12\x08\n\x02\x08@\n\x02\x08\x10b\x13\n\x01y\x12\x0e\n\x0c"
    b"\x08\x06\x12\x08\n\x02\x08\x04\n\x02\x08\x10B\x04\n\x00\x10\x11"
)


def session(model: Path | bytes, threads: int = 1) -> Any:
    """An `onnxruntime.InferenceSession`; `threads` is of one run, 0 for all cores. Raises onnxruntime's own types."""
    options = _options(threads)
    if saturates():
        options.add_session_config_entry("session.x64quantprecision", "1")
    source = model if isinstance(model, bytes) else str(model)
    return _opened(source, options)


@functools.cache
def saturates() -> bool:
    """Whether this processor's products of 8 bits are added in 16, and cut where they do not fit.

    x86 with AVX2 but without VNNI does; the mean cosine of our vectors to exact ones falls from 0.999 to 0.994 there.
    onnxruntime's option against it halves the speed of all others. It tells nobody which it is, so it is tried.
    """
    largest = {"a": np.full((4, 64), 255, dtype=np.uint8), "b": np.full((64, 16), 127, dtype=np.int8)}
    (found,) = _opened(PROBE, _options(1)).run(None, largest)
    return bool((found != 64 * 255 * 127).any())


def _options(threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return options


def _opened(source: str | bytes, options: Any) -> Any:
    import onnxruntime

    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"], disabled_optimizers=SLOW)
