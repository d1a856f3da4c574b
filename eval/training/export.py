"""From the trained network to the file that is shipped: ONNX, int8 weights, a temperature for each head."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.optimize import minimize_scalar

from app.reader_model import padded
from eval.training.fit import Example, spread, worth
from eval.training.network import Network

OPSET = 17


class _Logits(torch.nn.Module):
    """The part of the network that is shipped."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor) -> Any:
        return self.network(input_ids, attention_mask, token_type_ids)[0]


def write_onnx(network: Network, path: Path) -> None:
    """The network as float32 ONNX, pairs and width free."""
    names = ["input_ids", "attention_mask", "token_type_ids"]
    sample = torch.tensor([[101, 2040, 102, 2002, 102], [101, 2040, 102, 2002, 0]])
    mask = (sample > 0).long()
    kinds = torch.tensor([[0, 0, 0, 1, 0], [0, 0, 0, 1, 0]])
    free = {name: {0: "pairs", 1: "width"} for name in names} | {"logits": {0: "pairs"}}
    torch.onnx.export(
        _Logits(network.eval()), (sample, mask, kinds), str(path), input_names=names, output_names=["logits"],
        dynamic_axes=free, opset_version=OPSET, dynamo=False,
    )  # fmt: skip


def quantise(full: Path, path: Path) -> None:
    """Weights of matrices and the embeddings as int8, a scale for each channel; what flows stays float."""
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.shape_inference import quant_pre_process

    ready = full.with_suffix(".ready.onnx")
    quant_pre_process(str(full), str(ready), skip_symbolic_shape=True)
    quantize_dynamic(str(ready), str(path), weight_type=QuantType.QInt8, per_channel=True)
    ready.unlink()


def run(path: Path, given: Sequence[Example], size: int = 8) -> np.ndarray[Any, Any]:
    """The logits of a file, in the order given."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    found = np.zeros((len(given), 3))
    order = sorted(range(len(given)), key=lambda one: len(given[one].tokens.ids))
    for at in range(0, len(order), size):
        part = order[at : at + size]
        found[part] = session.run(["logits"], padded([given[one].tokens for one in part]))[0]
    return found


def temperature(logits: np.ndarray[Any, Any], held: np.ndarray[Any, Any]) -> float:
    """What the logits are divided by so that they are as likely as possible."""

    def loss(log: float) -> float:
        odds = logits / np.exp(log)
        return float((np.logaddexp(0, odds) - held * odds).mean())

    return round(float(np.exp(minimize_scalar(loss, bounds=(-2, 2.5), method="bounded").x)), 4)


def export(network: Network, held: Sequence[Example], reported: Sequence[Example], out: Path) -> dict[str, Any]:
    """Write `reader.onnx` and `reader.json` into `out`; returns what is written, with what quantising cost.

    Temperatures are fitted on `held`; `reported` was not looked at before.
    """
    full, small = out / "reader.float.onnx", out / "reader.onnx"
    write_onnx(network, full)
    quantise(full, small)
    before, after = run(full, held), run(small, held)
    temperatures = {}
    for head, task in enumerate(("answers", "supports")):
        mine = np.array([one.pair.task == task for one in held], dtype=bool)
        wanted = np.array([one.targets[head] for one in held], dtype=float)
        if mine.any():
            temperatures[task] = temperature(after[mine, head], wanted[mine])
    data, last = small.read_bytes(), run(small, reported)
    about = {
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        "temperatures": {"answers": 1.0, "supports": 1.0} | temperatures,
        "kept_aside": {"pairs": len(held), "float": worth(held, before), "int8": worth(held, after)},
        "reported": {"pairs": len(reported), "int8": worth(reported, last), "95 %": spread(reported, last)},
    }
    (out / "reader.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    return about
