"""The reader: a small model of our own that tells whether a sentence answers a question, and whether evidence
supports a claim.

One encoder with two heads as int8 ONNX; `python -m eval train reader` makes the file, docs/reader.md says of what and
how good it is. The one in `app/evidence/trained/` is asked unless the setting `reader` names another, or none.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from indexing.errors import ModelError
from indexing.session import session

QUESTION, EVIDENCE, CONTEXT, JUDGED = 40, 120, 24, 72  # tokens that are read at most
LONGEST = max(QUESTION + CONTEXT + 1, EVIDENCE) + JUDGED + 3  # ... of a pair
CLS, SEP = 101, 102
REMEDY = "make it again by python -m eval train reader, or say --no-reader"

NO_SHIFTS = {"answers": 0.0, "supports": 0.0}  # of a reader made before they were fitted

Rows = npt.NDArray[np.float64]
Tokens = Callable[[str], list[int]]


@dataclass(frozen=True, slots=True)
class Stance:
    """What evidence says to a claim: three probabilities whose sum is 1."""

    supported: float
    contradicted: float
    not_enough: float


@dataclass(frozen=True, slots=True)
class Told:
    """What a sentence says to a question: how likely it answers, and for each token that was read where it stands in
    the sentence and how likely it is part of the answer; no tokens from a reader made before it told them."""

    likely: float
    tokens: tuple[tuple[int, int, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Encoded:
    """A pair as the encoder reads it; `kinds` is 1 for the tokens that are judged, 0 for all others."""

    ids: list[int]
    kinds: list[int]


def encoded(read: Sequence[int], context: Sequence[int], judged: Sequence[int], *, most: int) -> Encoded:
    """`[CLS] read [SEP] context [SEP] judged [SEP]`; of the context the end is kept, of all else the beginning."""
    front = [CLS, *read[:most], SEP, *([*context[-CONTEXT:], SEP] if context else [])]
    body = list(judged[:JUDGED])
    return Encoded([*front, *body, SEP], [*[0] * len(front), *[1] * len(body), 0])


def inputs(pair: Encoded) -> dict[str, npt.NDArray[np.int64]]:
    """The inputs of a run, which reads one pair: `(1, tokens)`."""
    return {"input_ids": np.array([pair.ids], np.int64), "token_type_ids": np.array([pair.kinds], np.int64)}


class Reader:
    """The two heads over one session; safe to use from several threads. Raises ModelError where a run fails."""

    def __init__(
        self,
        model: Path,
        tokenizer: str,
        temperatures: Mapping[str, float],
        shifts: Mapping[str, float],
        workers: int | None = None,
    ) -> None:
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_str(tokenizer)
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        try:
            self._session = session(model)
        except Exception as error:  # onnxruntime raises types of its own for a bad file
            raise ModelError(f"the reader {model} cannot be used ({error}); {REMEDY}") from error
        self._tells = "tokens" in [one.name for one in self._session.get_outputs()]
        self._temperatures, self._shifts = temperatures, shifts
        self._pool = ThreadPoolExecutor(workers or max(1, min(4, os.cpu_count() or 1)), thread_name_prefix="reader")

    def answers(self, question: str, sentences: Sequence[str], contexts: Sequence[str] = ()) -> list[float]:
        """How likely each sentence answers the question; `contexts` is what each is read with."""
        return [one.likely for one in self.read(question, sentences, contexts)]

    def read(self, question: str, sentences: Sequence[str], contexts: Sequence[str] = ()) -> list[Told]:
        """The same, and where in each sentence the answer may stand."""
        asked, texts = self._ids(question), [self._tokenizer.encode(one, add_special_tokens=False) for one in sentences]
        before = list(map(self._ids, contexts)) if contexts else [[] for _ in sentences]
        pairs = [encoded(asked, one, text.ids, most=QUESTION) for one, text in zip(before, texts, strict=True)]
        rows, tokens = self._run(pairs, self._tells)
        chances = self._probability("answers", rows[:, 0])
        return [
            Told(float(chance), tuple((*place, float(one)) for place, one in zip(text.offsets, told, strict=False)))
            for chance, text, told in zip(chances, texts, tokens, strict=True)
        ]

    def supports(self, claim: str, evidence: Sequence[str]) -> Stance:
        """What the sentences, read together, say to the claim."""
        return self.supports_all([(claim, evidence)])[0]

    def supports_all(self, given: Sequence[tuple[str, Sequence[str]]]) -> list[Stance]:
        """The same for several claims with their evidence at once."""
        if not given:
            return []
        pairs = [encoded(self._ids(" ".join(those)), (), self._ids(claim), most=EVIDENCE) for claim, those in given]
        rows, _ = self._run(pairs)
        wrong = self._probability("supports", rows[:, 1])
        against = _sigmoid(rows[:, 2])
        return [Stance(1 - float(w), float(w * a), float(w * (1 - a))) for w, a in zip(wrong, against, strict=True)]

    def _probability(self, head: str, logits: Rows) -> Rows:
        """Calibrated on what was kept aside from training."""
        return _sigmoid(logits / self._temperatures[head] + self._shifts[head])

    def _ids(self, text: str) -> list[int]:
        return list(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def _run(self, pairs: Sequence[Encoded], tells: bool = False) -> tuple[Rows, list[Rows]]:
        """`(len(pairs), 3)`: the logits of answering, of being wrong, and of being contradicted where wrong; and how
        likely each judged token of a pair is part of the answer, where it `tells`."""
        order = sorted(range(len(pairs)), key=lambda index: len(pairs[index].ids), reverse=True)
        result = np.zeros((len(pairs), 3), dtype=np.float64)
        tokens: list[Rows] = [np.zeros(0)] * len(pairs)

        def work(index: int) -> None:
            pair = pairs[index]
            logits, *told = self._session.run(["logits", "tokens"] if tells else ["logits"], inputs(pair))
            result[index] = logits[0]
            if told:
                tokens[index] = _sigmoid(told[0][0, np.array(pair.kinds, bool), 0])

        try:
            list(map(work, order) if len(order) == 1 else self._pool.map(work, order))
        except Exception as error:  # onnxruntime's own types
            raise ModelError(f"the reader failed: {error}; --no-reader goes without it") from error
        return result, tokens


def _sigmoid(values: Rows) -> Rows:
    return np.asarray(1 / (1 + np.exp(-np.clip(values, -60, 60))))


def known(at: Path) -> dict[str, Any]:
    """What was written beside the model when it was made: its sha256, how its logits are calibrated."""
    path = at / "reader.json"
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"there is no reader in {at} ({path.name} cannot be read); {REMEDY}") from error
    return found


def opened(at: Path) -> Reader:
    """The reader in a folder with `reader.onnx` and `reader.json`."""
    about, model = known(at), at / "reader.onnx"
    tokenizer = resources.files("indexing") / "minilm" / "tokenizer.json"
    try:
        data = model.read_bytes()
    except OSError as error:
        raise ModelError(f"the reader {model} cannot be read ({error.strerror}); {REMEDY}") from error
    if hashlib.sha256(data).hexdigest() != about["sha256"]:
        raise ModelError(f"the reader {model} was altered (its sha256 is not {about['sha256'][:12]}…); {REMEDY}")
    return Reader(model, tokenizer.read_text(encoding="utf-8"), about["temperatures"], about.get("shifts", NO_SHIFTS))
