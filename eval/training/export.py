"""From the trained network to the file that is shipped: ONNX, int8 weights, and how each head is calibrated."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize

from app.evidence.reader_model import LONGEST, inputs
from eval.training.fit import Example, logits_of, spread, worth
from eval.training.narrowed import narrowed
from eval.training.network import HEADS, Network
from eval.training.quantised import peaks
from eval.training.reader_graph import arrays, reader
from indexing.session import session

COLUMNS = 1408  # of 1,536 in an inner layer that stay: no more than keeps the file below 28.5 MB
LOOKED_AT = 96  # pairs whose peaks are seen; more of them would be led by rare ones


def small(network: Network, seen: Sequence[Example]) -> bytes:
    """The network as the file that is shipped; `seen` are pairs like those to come, on which columns are chosen."""
    state = {name: weight.detach().numpy().astype(np.float32) for name, weight in network.state_dict().items()}
    bert, heads = arrays(state, HEADS, LONGEST)
    texts = [inputs(one.tokens) for one in seen]
    bert = narrowed(bert, texts, COLUMNS)
    return reader(bert, heads, peaks(bert, texts[:LOOKED_AT], kinds=True))


def run(model: bytes, given: Sequence[Example]) -> np.ndarray[Any, Any]:
    """The logits of a file, in the order given."""
    opened = session(model)
    return np.array([opened.run(["logits"], inputs(one.tokens))[0][0] for one in given], dtype=float).reshape(-1, 3)


def calibration(logits: np.ndarray[Any, Any], held: np.ndarray[Any, Any]) -> tuple[float, float]:
    """What the logits are divided by, and what is added then, so that they are as likely as possible (Platt 1999).

    A temperature alone cannot take back that one label counts more than the other in training.
    """

    def loss(weights: np.ndarray[Any, Any]) -> float:
        odds = logits / np.exp(weights[0]) + weights[1]
        return float((np.logaddexp(0, odds) - held * odds).mean())

    log, shift = minimize(loss, np.zeros(2), method="L-BFGS-B", bounds=((-2, 2.5), (-8, 8))).x
    return round(float(np.exp(log)), 4), round(float(shift), 4)


def export(
    network: Network, seen: Sequence[Example], held: Sequence[Example], reported: Sequence[Example], out: Path
) -> dict[str, Any]:
    """Write `reader.onnx` and `reader.json` into `out`; returns what is written, with what making it small cost.

    `seen` is some of what it was trained on. The calibration is fitted on `held`; `reported` was not looked at before.
    """
    data = small(network, seen)
    (out / "reader.onnx").write_bytes(data)
    before, after, last = logits_of(network, held, exact=True), run(data, held), run(data, reported)
    temperatures, shifts = {"answers": 1.0, "supports": 1.0}, {"answers": 0.0, "supports": 0.0}
    for head, task in enumerate(("answers", "supports")):
        mine = np.array([one.pair.task == task for one in held], dtype=bool)
        wanted = np.array([one.targets[head] for one in held], dtype=float)
        if mine.any():
            temperatures[task], shifts[task] = calibration(after[mine, head], wanted[mine])
    about = {
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        "temperatures": temperatures,
        "shifts": shifts,
        "kept_aside": {"pairs": len(held), "float": worth(held, before), "int8": worth(held, after)},
        "reported": {"pairs": len(reported), "int8": worth(reported, last), "95 %": spread(reported, last)},
    }
    (out / "reader.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    return about
