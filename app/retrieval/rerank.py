"""An optional second look at what was found: our own reader, a cross-encoder in a folder, or any LlamaIndex node
postprocessor.

Importing this file is cheap; the frameworks are imported where a reranker is built.
"""

from __future__ import annotations

import importlib
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from app.settings import Settings
from indexing.documents import Hit, Passage, Rank
from indexing.errors import ModelError, UsageError
from indexing.session import session
from indexing.words import stems

LOOKED_AT = 30  # of the best passages
MAX_TOKENS = 512  # of question and passage together
BATCH = 8
READ, SENTENCES = 12, 2  # of the best passages the reader reads these; of each the sentences nearest in words
WORD = 0.32  # how much a unit of its logit counts beside the logarithm of a passage's place
NAME = "reranker"
LEAST = 0.001  # a probability is never surer than this
CLASS = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")


Likelihoods = Callable[[str, Sequence[str], Sequence[str]], list[float]]
"""A question, sentences, and what each is read with; how likely each answers."""


class Reranker(Protocol):
    """Orders passages for a question."""

    def __call__(self, question: str, passages: Sequence[Passage]) -> Sequence[tuple[int, float]]:
        """`(place among the passages, score)`, best first; some may be left out. ModelError when it fails."""
        ...


def reranker(settings: Settings, reader: Callable[[str], Likelihoods]) -> Reranker | None:
    """The one that `settings.rerank` names, None for none; UsageError when it cannot be built.

    `reader` opens the reader that a setting names.
    """
    kind, _, rest = settings.rerank.partition(":")
    if not settings.rerank:
        return None
    if settings.rerank == "reader":
        return BySentences(reader(settings.reader))
    if kind == "folder":
        return CrossEncoder(Path(rest))
    if CLASS.fullmatch(settings.rerank):
        return Postprocessor(settings.rerank, settings.rerank_options)
    raise UsageError(f"rerank {settings.rerank!r} is neither reader, folder:PATH nor MODULE:CLASS")


def reranked(hits: Sequence[Hit], order: Sequence[tuple[int, float]]) -> list[Hit]:
    """The hits in a new order, those left out behind; the scores stay with the places, so that they mean the same."""
    place_of = {place: (rank, score) for rank, (place, score) in enumerate(order, 1)}
    places = [*place_of, *(place for place in range(len(hits)) if place not in place_of)]
    made = []
    for before, place in zip(hits, places, strict=True):
        hit = replace(hits[place], score=before.score)
        if place in place_of:
            hit = replace(hit, how=(*hit.how, Rank(NAME, *place_of[place])))
        made.append(hit)
    return made


def shown_to_it(passage: Passage) -> str:
    """A passage as a reranker reads it: its title, and what a reader sees; nothing that reads like an order."""
    text = passage.document.text
    said = (one.visible(text) for one in passage.sentences if one.kind != "suspect")
    return "\n".join(filter(None, (passage.document.metadata.title, " ".join(said))))


class BySentences:
    """The reader over passages: the likelier one of the nearest sentences of a passage answers, the further ahead."""

    def __init__(self, reads: Likelihoods) -> None:
        self._reads = reads

    def __call__(self, question: str, passages: Sequence[Passage]) -> list[tuple[int, float]]:
        wanted = frozenset(stems(question))
        near = [(place, *one) for place, passage in enumerate(passages[:READ]) for one in _nearest(wanted, passage)]
        best: dict[int, float] = {}
        values = self._reads(question, [text for _, text, _ in near], [before for _, _, before in near])
        for (place, _, _), value in zip(near, values, strict=True):
            best[place] = max(best.get(place, LEAST), value)
        odds = {place: math.log(value / (1 - min(value, 1 - LEAST))) for place, value in best.items()}
        scores = {place: WORD * one - math.log(place + 1) for place, one in odds.items()}
        return sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))


def _nearest(wanted: frozenset[str], passage: Passage) -> list[tuple[str, str]]:
    """The sentences of a passage that share most words with a question, each with what it is read with."""
    text, kept = passage.document.text, []
    for place, one in enumerate(passage.sentences):
        if one.kind == "text":
            before = passage.sentences[place - 1] if place else None
            beside = before.visible(text) if before is not None and before.kind == "text" else ""
            title = passage.document.metadata.title
            kept.append((one.visible(text), " ".join(filter(None, (f"{title}." if title else "", beside)))))
    return sorted(kept, key=lambda pair: -len(wanted & set(stems(pair[0]))))[:SENTENCES]


class CrossEncoder:
    """A cross-encoder as ONNX: `model.onnx` and `tokenizer.json`, question and passage in, one score out."""

    def __init__(self, folder: Path) -> None:
        model, tokenizer = folder / "model.onnx", folder / "tokenizer.json"
        for path in (model, tokenizer):
            if not path.is_file():
                raise UsageError(f"{path} is missing; a reranker's folder holds model.onnx and tokenizer.json")
        from tokenizers import Tokenizer

        try:
            self._tokenizer = Tokenizer.from_file(str(tokenizer))
            self._session = session(model, threads=0)
        except Exception as error:  # both raise bare Exceptions and their own types for a bad file
            raise UsageError(f"the reranker in {folder} cannot be used: {error}") from error
        self._tokenizer.enable_truncation(MAX_TOKENS, strategy="only_second")
        self._tokenizer.no_padding()
        self._inputs = {entry.name for entry in self._session.get_inputs()}
        self._folder = folder

    def __call__(self, question: str, passages: Sequence[Passage]) -> list[tuple[int, float]]:
        try:
            scores = list(self._scores([(question[:MAX_TOKENS], shown_to_it(passage)) for passage in passages]))
        except Exception as error:  # onnxruntime's own types, for a model that is no cross-encoder
            raise ModelError(f"the reranker in {self._folder} failed: {error}") from error
        return sorted(enumerate(scores), key=lambda pair: (-pair[1], pair[0]))

    def _scores(self, pairs: list[tuple[str, str]]) -> Iterator[float]:
        import numpy as np

        for at in range(0, len(pairs), BATCH):
            encoded = self._tokenizer.encode_batch(pairs[at : at + BATCH])
            width = max(len(one.ids) for one in encoded)

            def padded(rows: list[list[int]], width: int = width) -> Any:
                return np.asarray([[*row, *[0] * (width - len(row))] for row in rows], dtype=np.int64)

            feed = {
                "input_ids": padded([one.ids for one in encoded]),
                "attention_mask": padded([one.attention_mask for one in encoded]),
                "token_type_ids": padded([one.type_ids for one in encoded]),
            }
            logits = np.asarray(self._session.run(None, {name: feed[name] for name in self._inputs})[0])
            rows = logits.reshape(len(encoded), -1)
            if rows.shape[1] > 2:
                raise ValueError(f"it gives {rows.shape[1]} numbers for a pair where a cross-encoder gives 1 or 2")
            yield from (rows[:, -1] - (rows[:, 0] if rows.shape[1] == 2 else 0)).tolist()


class Postprocessor:
    """A LlamaIndex node postprocessor, named `MODULE:CLASS`, with the options given to its constructor."""

    def __init__(self, name: str, options: Mapping[str, Any]) -> None:
        module, _, class_name = name.partition(":")
        try:
            made = getattr(importlib.import_module(module), class_name)
        except ModuleNotFoundError as error:
            package = (error.name or module).replace("_", "-").replace(".", "-")
            raise UsageError(f"{error.name} is not installed; try: pip install {package}") from error
        except (AttributeError, ImportError) as error:
            raise UsageError(f"{name} cannot be imported ({error})") from error
        from llama_index.core.postprocessor.types import BaseNodePostprocessor

        if not (isinstance(made, type) and issubclass(made, BaseNodePostprocessor)):
            raise UsageError(f"{name} is not a LlamaIndex node postprocessor (a BaseNodePostprocessor)")
        try:
            self._made = made(**options)
        except Exception as error:  # noqa: BLE001 - pydantic's and whatever a constructor raises; its words may hold a key
            raise UsageError(f"{name} cannot be built from rerank_options ({type(error).__name__})") from None
        self._name = name

    def __call__(self, question: str, passages: Sequence[Passage]) -> list[tuple[int, float]]:
        from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

        nodes = [
            NodeWithScore(
                node=TextNode(id_=str(place), text=shown_to_it(passage), metadata=_known(passage)),
                score=1 - place / len(passages),
            )
            for place, passage in enumerate(passages)
        ]
        try:
            found = self._made.postprocess_nodes(nodes, query_bundle=QueryBundle(question))
            ordered = {int(one.node.node_id): float(one.score or 0.0) for one in found}
        except Exception as error:  # noqa: BLE001 - any integration, each with exceptions of its own
            raise ModelError(f"the reranker {self._name} failed ({type(error).__name__})") from None
        return [(place, score) for place, score in ordered.items() if 0 <= place < len(passages)]


def _known(passage: Passage) -> dict[str, str]:
    about = passage.document.metadata
    values = {"file": passage.document.name, "source": about.source, "author": about.author, "date": about.date}
    return {key: value for key, value in values.items() if value}
