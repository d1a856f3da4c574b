"""One measurement of indexing in its own process: `python -m eval.benchmarks.index WHO FILES HOME THREADS`.

`onrecord` and `llama_index` read the same files, use the same ONNX model and write to a Chroma folder on disk. What is
imported and loaded before the first file is not counted for either. `memory` is ours where the model works for the
first batch alone. Prints one JSON object.
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
import time
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from indexing.chunks import chunks_of
from indexing.collection import Collection
from indexing.embed import MAX_TOKENS, Embedder, Vectors, embedder
from indexing.files import visible_files
from indexing.ingest import Report, index
from indexing.load import load
from indexing.schema import Entry
from indexing.sentences import sentences_of

CHUNK_TOKENS, OVERLAP_TOKENS = 188, 30  # of LlamaIndex's splitter: about what our chunks have; about a sentence
EDITS = 5  # articles edited one by one, whose median is told


def measure_ours(files: Path, home: Path) -> dict[str, Any]:
    """Index, index again with nothing changed, then edit single articles."""
    model = embedder("minilm")
    with Collection(home, model, create=True) as collection:
        began, began_cpu = time.perf_counter(), time.process_time()
        report = index(collection, [files])
        seconds, cpu = time.perf_counter() - began, time.process_time() - began_cpu
        peak = _peak_mb()
        chunk_ids = list(collection.catalogue.chunk_ids(current=True))
        texts = [text for _, text in collection.catalogue.chunk_texts(chunk_ids)]
        entries = collection.catalogue.entries()
        sentences = sum(len(collection.catalogue.sentence_vectors(entry.id)) for entry in entries)
    with Collection(home, model) as collection:
        again = index(collection, [files])
        assert again.unchanged == report.documents
        edits = [_edit(collection, model, entry, files) for entry in _spread(entries)]
    for_chunks = seconds - report.stages.get("embed_sentences", 0.0)
    return {
        "chunks": len(texts),
        "sentences": sentences,
        "tokens_per_chunk": _tokens(texts),
        "seconds": seconds,
        "cpu_seconds": cpu,
        "stages": _stages(report, seconds),
        "chunks_per_second": len(texts) / seconds,
        "chunks_per_second_without_sentences": len(texts) / for_chunks,
        "unchanged_seconds": again.seconds,
        "edit_seconds": statistics.median(edit for edit, _, _ in edits),
        "edit_embedding_seconds": statistics.median(embedding for _, embedding, _ in edits),
        "edit_chunks_seconds": statistics.median(chunks for _, _, chunks in edits),
        "edit_over_embedding": statistics.median(edit / embedding for edit, embedding, _ in edits),
        "peak_mb": peak,
    }


def _stages(report: Report, seconds: float) -> dict[str, float]:
    """The seconds of each stage; `rest` is reading, cleaning and cutting, less what ran beside the stages."""
    return {**report.stages, "rest": seconds - sum(report.stages.values())}


def _spread(entries: Sequence[Entry]) -> Sequence[Entry]:
    return entries[:: max(1, len(entries) // EDITS)][:EDITS]


def _edit(collection: Collection, model: Embedder, entry: Entry, files: Path) -> tuple[float, float, float]:
    """`(seconds to bring an edited article in, to embed its chunks and sentences, to embed its chunks)`."""
    path = Path(entry.path)
    path.write_bytes(path.read_bytes() + b"\n\nThe editors have added this sentence.\n")
    loaded = load(path.read_bytes(), path)
    sentences = sentences_of(loaded.text, loaded.blocks)
    chunks = [chunk.text for chunk in chunks_of(loaded.text, sentences, loaded.metadata)]
    began = time.perf_counter()
    model.passages(chunks)
    middle = time.perf_counter()
    model.passages([sentence.visible(loaded.text) for sentence in sentences])
    embedded = time.perf_counter()
    report = index(collection, [files])
    assert report.changed == 1
    return time.perf_counter() - embedded, embedded - began, middle - began


class _Sparing:
    """An embedder that hands all texts after the first batch to a sum of bytes: its memory without its time."""

    def __init__(self, model: Embedder) -> None:
        self.name, self.dimension, self._model, self._left = model.name, model.dimension, model, 2  # chunks, sentences

    def question(self, text: str) -> Vectors:
        return self._model.question(text)

    def passages(self, texts: Sequence[str]) -> Vectors:
        self._left -= 1
        if self._left >= 0:
            return self._model.passages(texts)
        rows = np.ones((len(texts), self.dimension), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            counts = np.bincount(np.frombuffer(text.encode("utf-8", "replace"), dtype=np.uint8), minlength=256)
            row[:256] += counts * 8 + len(text) % 97
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def measure_memory(files: Path, home: Path) -> dict[str, Any]:
    """The peak of indexing; after the first batch the model's work is left out, which holds as much for any batch."""
    with Collection(home, _Sparing(embedder("minilm")), create=True) as collection:
        report = index(collection, [files])
    return {"documents": report.documents, "chunks": report.chunks, "seconds": report.seconds, "peak_mb": _peak_mb()}


def measure_llama_index(files: Path, home: Path, threads: int) -> dict[str, Any]:
    """`VectorStoreIndex.from_documents` into `ChromaVectorStore`, as its documentation shows it, offline."""
    import chromadb
    import chromadb.config
    from llama_index.core import Document, StorageContext, VectorStoreIndex
    from llama_index.core.node_parser import SentenceSplitter
    from llama_index.vector_stores.chroma import ChromaVectorStore
    from nupunkt import sent_spans

    def sentences(text: str) -> list[str]:
        return [text[start:end] for start, end in sent_spans(text)]

    # Its own splitter reads files of NLTK, which refuses to read hard links; this one is faster.
    splitter = SentenceSplitter(
        chunk_size=CHUNK_TOKENS,
        chunk_overlap=OVERLAP_TOKENS,
        chunking_tokenizer_fn=sentences,
    )
    model = _llama_index_embedding(threads)
    client = chromadb.PersistentClient(str(home), chromadb.config.Settings(anonymized_telemetry=False))
    vectors = client.create_collection("chunks", embedding_function=None)
    storage = StorageContext.from_defaults(vector_store=ChromaVectorStore(chroma_collection=vectors))
    sentences("Loads its model. Once.")
    began, began_cpu = time.perf_counter(), time.process_time()
    documents = [Document(text=path.read_text(encoding="utf-8", errors="replace")) for path in visible_files(files)]
    VectorStoreIndex.from_documents(documents, storage_context=storage, embed_model=model, transformations=[splitter])
    seconds, cpu = time.perf_counter() - began, time.process_time() - began_cpu
    texts = vectors.get(include=["documents"])["documents"] or []
    return {
        "chunks": len(texts),
        "tokens_per_chunk": _tokens(texts),
        "seconds": seconds,
        "cpu_seconds": cpu,
        "chunks_per_second": len(texts) / seconds,
        "peak_mb": _peak_mb(),
    }


def _llama_index_embedding(threads: int) -> Any:
    """The packaged model as a plain LlamaIndex embedding: one session with onnxruntime's own options.

    It runs on all cores, unless `threads` says otherwise.
    """
    import onnxruntime
    from llama_index.core.base.embeddings.base import BaseEmbedding
    from pydantic import PrivateAttr

    class MiniLM(BaseEmbedding):
        _session: Any = PrivateAttr()
        _tokenizer: Any = PrivateAttr()

        def model_post_init(self, context: Any, /) -> None:
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = threads
            options.log_severity_level = 3
            model = str(resources.files("indexing") / "minilm" / "model.onnx")
            self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
            self._tokenizer = _tokenizer()

        def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
            # The model knows no padding: one text a run, whatever the batch.
            runs = ([encoding.ids] for encoding in self._tokenizer.encode_batch(texts))
            rows = np.array([self._session.run(None, {"input_ids": ids})[0][0].mean(axis=0) for ids in runs])
            unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
            return [[float(value) for value in row] for row in unit]

        def _get_text_embedding(self, text: str) -> list[float]:
            return self._get_text_embeddings([text])[0]

        def _get_query_embedding(self, query: str) -> list[float]:
            return self._get_text_embeddings([query])[0]

        async def _aget_query_embedding(self, query: str) -> list[float]:
            return self._get_query_embedding(query)

    return MiniLM(model_name="all-MiniLM-L6-v2-int8")


def _tokenizer() -> Any:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str((resources.files("indexing") / "minilm" / "tokenizer.json").read_text("utf-8"))
    tokenizer.enable_truncation(MAX_TOKENS)
    tokenizer.no_padding()
    return tokenizer


def _tokens(texts: Sequence[str]) -> float:
    """The model's tokens per text, as it reads them (cut at its longest)."""
    return statistics.fmean(len(encoding.ids) for encoding in _tokenizer().encode_batch(list(texts)))


def _peak_mb() -> float:
    """The largest memory this process has held so far; Linux counts in kilobytes, macOS in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


if __name__ == "__main__":
    who, *rest = sys.argv[1:]
    files, home, threads = Path(rest[0]), Path(rest[1]), int(rest[2])
    measured = {
        "onrecord": lambda: measure_ours(files, home),
        "llama_index": lambda: measure_llama_index(files, home, threads),
        "memory": lambda: measure_memory(files, home),
    }[who]()
    print(json.dumps(measured))
