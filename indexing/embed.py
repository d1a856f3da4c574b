"""Text to unit vectors: packaged MiniLM, a local ONNX folder, an OpenAI-compatible endpoint, a LlamaIndex embedding."""

from __future__ import annotations

import functools
import hashlib
import importlib
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from indexing.errors import EmbedError
from indexing.session import session

Vectors = npt.NDArray[np.float32]
Offsets = list[tuple[int, int]]

MINILM_SHA256 = "2e445f871d0cfa647ba9ebea540bf78bd67df81373b3e6812e90b30a34933d38"
MINILM_TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
MAX_TOKENS = 256  # what all-MiniLM-L6-v2 was trained to read; the rest of a longer text is not seen
BATCH = 2  # texts that a model with a mask takes at once: short batches waste least on padding, and hold least memory


class Embedder(Protocol):
    """Texts in, unit vectors out. `name` says which model and version; vectors of different names never mix."""

    name: str
    dimension: int

    def passages(self, texts: Sequence[str]) -> Vectors:
        """`(len(texts), dimension)`, float32, each row of length 1; raises EmbedError."""
        ...

    def question(self, text: str) -> Vectors:
        """`(dimension,)`, float32, of length 1; raises EmbedError."""
        ...


def embedder(spec: str, *, url: str = "", key: str = "", options: Mapping[str, Any] | None = None) -> Embedder:
    """Build what `spec` names: `minilm`, `folder:PATH`, `openai:MODEL`, or `MODULE:CLASS` of a LlamaIndex embedding."""
    kind, _, rest = spec.partition(":")
    if spec == "minilm":
        return _minilm()
    if kind == "folder" and rest:
        return _from_folder(Path(rest))
    if kind == "openai" and rest:
        return EndpointEmbedder(rest, url, key)
    if kind and rest and kind not in ("folder", "openai"):
        return LlamaIndexEmbedder(kind, rest, options or {})
    raise EmbedError(f"no embedder is called {spec!r}; use minilm, folder:PATH, openai:MODEL or MODULE:CLASS")


def _normalised(rows: npt.NDArray[Any]) -> Vectors:
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, 1e-12), dtype=np.float32)


class OnnxEmbedder:
    """A sentence encoder run by onnxruntime: mean of the token vectors, normalised.

    Several single-thread runs side by side are faster than one with several threads; each takes a small batch of texts
    of like length, or one text where the model knows no mask. They share one session, which is thread-safe: its weights
    and buffers are held once.
    """

    def __init__(self, name: str, model: Path, tokenizer: str, workers: int | None = None) -> None:
        from tokenizers import Tokenizer

        self.name = name
        self._tokenizer = Tokenizer.from_str(tokenizer)
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.no_padding()
        self._session = session(model)
        self._inputs = {entry.name for entry in self._session.get_inputs()}
        self._batch = BATCH if "attention_mask" in self._inputs else 1
        self._workers = workers or max(1, min(4, os.cpu_count() or 1))
        self.dimension = int(self.question("dimension").shape[0])

    def question(self, text: str) -> Vectors:
        return np.asarray(self._run([self._tokenizer.encode(text).ids])[0])

    def passages(self, texts: Sequence[str]) -> Vectors:
        ids = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        order = sorted(range(len(ids)), key=lambda index: len(ids[index]), reverse=True)
        batches = [order[at : at + self._batch] for at in range(0, len(order), self._batch)]
        result = np.zeros((len(ids), self.dimension), dtype=np.float32)

        waiting = iter(batches)

        def work() -> None:
            for batch in waiting:  # a list's iterator hands each batch to one thread
                result[batch] = self._run([ids[index] for index in batch])

        if len(batches) == 1:
            work()
        else:
            with ThreadPoolExecutor(self._workers) as pool:
                for worker in [pool.submit(work) for _ in range(self._workers)]:
                    worker.result()
        return result

    def words(self, texts: Sequence[str]) -> list[tuple[Offsets, Vectors]]:
        """For each text the spans of its tokens and their vectors in context, `(tokens, dimension)`, of any length.

        The special tokens at both ends are among them; their spans are empty.
        """
        encodings = self._tokenizer.encode_batch(list(texts))
        order = sorted(range(len(encodings)), key=lambda index: len(encodings[index].ids), reverse=True)
        found: dict[int, Vectors] = {}

        def work(index: int) -> None:
            found[index] = self._hidden([encodings[index].ids])[0][0]

        if len(order) < 2:
            list(map(work, order))
        else:
            list(_workers().map(work, order))
        return [(encoding.offsets, found[index]) for index, encoding in enumerate(encodings)]

    def _run(self, ids: list[list[int]]) -> Vectors:
        hidden, mask = self._hidden(ids)
        weights = mask[:, :, None].astype(np.float32)
        return _normalised((hidden * weights).sum(axis=1) / np.maximum(weights.sum(axis=1), 1e-9))

    def _hidden(self, ids: list[list[int]]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """The vector of every token, and which tokens are no padding."""
        width = max(map(len, ids))
        tokens = np.zeros((len(ids), width), dtype=np.int64)
        mask = np.zeros((len(ids), width), dtype=np.int64)
        for row, sequence in enumerate(ids):
            tokens[row, : len(sequence)] = sequence
            mask[row, : len(sequence)] = 1
        feed = {"input_ids": tokens, "attention_mask": mask, "token_type_ids": np.zeros_like(tokens)}
        return self._session.run(None, {name: feed[name] for name in self._inputs})[0], mask


@functools.cache
def _workers() -> ThreadPoolExecutor:
    """Threads for many small pieces of work; starting some for each would cost more than the work."""
    return ThreadPoolExecutor(max(1, min(4, os.cpu_count() or 1)), thread_name_prefix="words")


def packaged() -> OnnxEmbedder:
    """The packaged sentence encoder, for what is calibrated on it; raises EmbedError."""
    return _minilm()


@functools.cache
def _minilm() -> OnnxEmbedder:
    """The packaged all-MiniLM-L6-v2 (int8), which `python -m eval train embedder` makes; its sha256 is checked."""
    folder = Path(str(resources.files("indexing") / "minilm"))
    _checked(folder / "model.onnx", MINILM_SHA256)
    tokenizer = _checked(folder / "tokenizer.json", MINILM_TOKENIZER_SHA256)
    name = f"all-MiniLM-L6-v2-int8@{MINILM_SHA256[:12]}"
    return OnnxEmbedder(name, folder / "model.onnx", tokenizer.decode("utf-8"))


def _checked(path: Path, sha256: str) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise EmbedError(f"{path} cannot be read ({error.strerror}); install Onrecord again") from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise EmbedError(f"{path} was altered (its sha256 is not {sha256[:12]}…); install Onrecord again")
    return data


def _from_folder(folder: Path) -> OnnxEmbedder:
    model, tokenizer = folder / "model.onnx", folder / "tokenizer.json"
    for path in (model, tokenizer):
        if not path.is_file():
            raise EmbedError(f"{path} is missing; an embedding folder holds model.onnx and tokenizer.json")
    data, tokens = model.read_bytes(), tokenizer.read_bytes()
    name = f"{folder.name}@{hashlib.sha256(data + tokens).hexdigest()[:12]}"
    try:
        return OnnxEmbedder(name, model, tokens.decode("utf-8"))
    except Exception as error:  # onnxruntime and tokenizers raise bare Exceptions and their own types for a bad file
        raise EmbedError(f"the model in {folder} cannot be used: {error}") from error


class EndpointEmbedder:
    """An OpenAI-compatible embedding endpoint, over the `openai` client (which retries what may pass)."""

    BATCH = 64

    def __init__(self, model: str, url: str, key: str) -> None:
        import openai

        self._model = model
        self._errors = openai.OpenAIError
        try:
            self._client = openai.OpenAI(base_url=url or None, api_key=key or ("none" if url else None), timeout=60)
        except openai.OpenAIError as error:
            raise EmbedError(f"the embedding endpoint needs a key: set ONRECORD_EMBED_KEY ({error})") from None
        self.name = f"{model}@{self._client.base_url.host}"
        self.dimension = int(self.question("dimension").shape[0])

    def question(self, text: str) -> Vectors:
        return np.asarray(self.passages([text])[0])

    def passages(self, texts: Sequence[str]) -> Vectors:
        rows: list[list[float]] = []
        for at in range(0, len(texts), self.BATCH):
            batch = list(texts[at : at + self.BATCH])
            try:
                data = self._client.embeddings.create(model=self._model, input=batch, encoding_format="float").data
                found = sorted((int(entry.index), [float(value) for value in entry.embedding]) for entry in data)
            except self._errors as error:
                status = getattr(error, "status_code", None)
                raise self._failed(f"HTTP {status}" if status else type(error).__name__) from None
            except (AttributeError, TypeError, ValueError):
                raise self._failed("what it sent is not a list of vectors") from None
            if [place for place, _ in found] != list(range(len(batch))):
                raise self._failed(f"it returned {len(found)} vectors for {len(batch)} texts")
            rows.extend(row for _, row in found)
        if len(set(map(len, rows))) > 1:
            raise self._failed("its vectors differ in length")
        return _normalised(np.asarray(rows, dtype=np.float32))

    def _failed(self, reason: str) -> EmbedError:
        host = self._client.base_url.host
        return EmbedError(
            f"the embedding endpoint at {host} failed ({reason}); check embed_url, embed_key and the model's name"
        )


class LlamaIndexEmbedder:
    """Any LlamaIndex `BaseEmbedding`, named `MODULE:CLASS`, with the options given to its constructor."""

    def __init__(self, module: str, name: str, options: Mapping[str, Any]) -> None:
        try:
            model_class = getattr(importlib.import_module(module), name)
        except ModuleNotFoundError as error:
            package = module.replace("_", "-").replace(".", "-")
            raise EmbedError(f"{error.name} is not installed; try: pip install {package}") from error
        except AttributeError as error:
            raise EmbedError(f"{module} has no {name}") from error
        from llama_index.core.base.embeddings.base import BaseEmbedding

        if not (isinstance(model_class, type) and issubclass(model_class, BaseEmbedding)):
            raise EmbedError(f"{module}:{name} is not a LlamaIndex embedding (a BaseEmbedding)")
        try:
            self._model = model_class(**options)
        except (TypeError, ValueError) as error:
            raise EmbedError(f"{module}:{name} cannot be made with these options ({error})") from error
        self.name = f"{name}:{getattr(self._model, 'model_name', '')}"
        self.dimension = int(self.question("dimension").shape[0])

    def question(self, text: str) -> Vectors:
        return _normalised(np.asarray(self._model.get_query_embedding(text), dtype=np.float32))

    def passages(self, texts: Sequence[str]) -> Vectors:
        rows = self._model.get_text_embedding_batch(list(texts))
        return _normalised(np.asarray(rows, dtype=np.float32))
