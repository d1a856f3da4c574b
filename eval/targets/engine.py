"""LlamaIndex query engines as targets, and the standing baseline: a plain CitationQueryEngine over Chroma.

A query engine of your own: `--target llamaindex:MODULE:CALLABLE`, where the callable returns it (or is it).
"""

from __future__ import annotations

import importlib
import re
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

from llama_index.core import Document, StorageContext, VectorStoreIndex
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.llms import CompletionResponse, CustomLLM, LLMMetadata
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.query_engine import CitationQueryEngine
from nupunkt import sent_spans
from pydantic import PrivateAttr

from app.language_models.llm import plain_llm
from app.settings import Settings
from eval.judges.gate_judge import WORD
from eval.suite import Item
from eval.targets.prose import is_refusal, statements_of
from indexing.collection import Collection
from indexing.embed import Embedder
from indexing.errors import OnrecordError, UsageError

FILE_KEYS = ("file", "file_name", "filename", "file_path", "source")  # of a node's metadata, the first that is there
NUMBERED = re.compile(r"\ASource \d+:\n")  # what CitationQueryEngine puts before each source
SECOND = re.compile(r"\n+(?:file: [^\n]*\n+)?Source 2:\n")  # where the first source ends in its prompt
CHUNK, OVERLAP, TOP = 512, 20, 10  # LlamaIndex's sizes; as many passages as ours


class EngineTarget:
    """`engine.query(question)`; of the conversation it sees nothing. `[n]` in its text cites the n-th source node.

    Offsets are those at which the document's text has the node's, where the collection is at hand.
    """

    def __init__(self, engine: Any, name: str, collection: Collection | None, about: Mapping[str, Any]) -> None:
        self._engine, self._name, self._collection, self._about = engine, name, collection, about

    def describe(self) -> dict[str, Any]:
        return {"kind": "llamaindex", "engine": self._name, **self._about}

    def ask(self, item: Item) -> dict[str, Any]:
        response = self._engine.query(item.question)
        answer = (response.metadata or {}).get("answer")
        if isinstance(answer, dict) and "status" in answer:
            return answer  # our own engine hands the whole object on
        text = str(response).strip()
        retrieved = [self._passage(one.node, one.score) for one in response.source_nodes]
        refused = is_refusal(text)
        return {
            "question": item.question,
            "status": "refused" if refused else "answered",
            "answer": text,
            "statements": [] if refused else statements_of(text, retrieved),
            "retrieved": retrieved,
            "mode": "llm",
        }

    def _passage(self, node: Any, score: float | None) -> dict[str, Any]:
        text = NUMBERED.sub("", node.get_content())
        text = text.removesuffix("\n") if NUMBERED.match(node.get_content()) else text
        file = next((str(node.metadata[key]) for key in FILE_KEYS if node.metadata.get(key)), "")
        document = self._collection.catalogue.find_document(file) if self._collection and file else None
        start = document.text.find(text) if document else -1
        if start < 0 and node.start_char_idx is not None and node.end_char_idx == node.start_char_idx + len(text):
            start = node.start_char_idx
        end = start + len(text) if start >= 0 else -1
        return {"file": file, "start": start, "end": end, "text": text, "score": score or 0.0}


def imported(path: str, collection: Collection | None) -> EngineTarget:
    """The engine that `MODULE:CALLABLE` returns."""
    module, _, name = path.partition(":")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise UsageError(f"llamaindex:{path} cannot be imported ({error}); give llamaindex:MODULE:CALLABLE") from None
    return EngineTarget(found if hasattr(found, "query") else found(), path, collection, {})


# -- the baseline ------------------------------------------------------------------------------------------------------


class OurEmbedding(BaseEmbedding):
    """The embedder of the collection as LlamaIndex wants it, so that the two pipelines differ in all but this."""

    _embedder: Embedder = PrivateAttr()

    def __init__(self, embedder: Embedder) -> None:
        super().__init__(model_name=embedder.name)
        self._embedder = embedder

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return [[float(value) for value in row] for row in self._embedder.passages(texts)]

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._get_text_embeddings([text])[0]

    def _get_query_embedding(self, query: str) -> list[float]:
        return [float(value) for value in self._embedder.question(query)]

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_query_embedding(query)


class FirstSource(CustomLLM):
    """Stands in where no model is configured: its answer is the sentence of the first source that shares most words
    with the question, word for word.
    """

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name="first-source", context_window=1_000_000)  # all sources in one prompt

    def complete(self, prompt: str, formatted: bool = False, **_: Any) -> CompletionResponse:
        given, _rule, question = prompt.rpartition("information:\n------\n")[2].rpartition("\n------\nQuery: ")
        source = SECOND.split(given.partition("Source 1:\n")[2])[0]
        asked = set(WORD.findall(question.lower()))
        sentences = [source[start:end].strip() for start, end in sent_spans(source)]
        best = max(sentences, key=lambda text: len(asked & set(WORD.findall(text.lower()))), default="")
        return CompletionResponse(text=f"{best} [1]" if best else "")

    def stream_complete(self, prompt: str, formatted: bool = False, **_: Any) -> Any:
        yield self.complete(prompt, formatted)


def baseline(settings: Settings, collection: Collection | None, stack: ExitStack) -> EngineTarget:
    """A plain LlamaIndex pipeline over the documents of the collection: its splitter, Chroma, CitationQueryEngine."""
    if collection is None:
        raise OnrecordError("the baseline needs documents; give --documents or --home")
    try:
        import chromadb
        from llama_index.vector_stores.chroma import ChromaVectorStore
    except ImportError as error:
        raise UsageError(f"the baseline needs {error.name}: pip install llama-index-vector-stores-chroma") from None
    temporary = tempfile.TemporaryDirectory(prefix="onrecord-baseline-", ignore_cleanup_errors=True)
    client = chromadb.PersistentClient(
        stack.enter_context(temporary), chromadb.config.Settings(anonymized_telemetry=False)
    )
    chunks = client.create_collection("chunks", embedding_function=None)
    storage = StorageContext.from_defaults(vector_store=ChromaVectorStore(chroma_collection=chunks))
    splitter = SentenceSplitter(chunk_size=CHUNK, chunk_overlap=OVERLAP, chunking_tokenizer_fn=_sentences)
    catalogue = collection.catalogue
    texts = [catalogue.find_document(entry.name) for entry in catalogue.entries()]
    documents = [Document(text=one.text, metadata={"file": one.name}) for one in texts if one]
    index = VectorStoreIndex.from_documents(
        documents, storage_context=storage, embed_model=OurEmbedding(collection.embedder), transformations=[splitter]
    )
    llm = plain_llm(settings) if settings.llm else FirstSource()
    engine = CitationQueryEngine.from_args(
        index, llm=llm, similarity_top_k=TOP, citation_chunk_size=CHUNK, text_splitter=splitter
    )
    about = {"llm": settings.llm or "first-source", "chunk": CHUNK, "top": TOP, "embedder": collection.embedder.name}
    return EngineTarget(engine, "CitationQueryEngine", collection, about)


def _sentences(text: str) -> list[str]:
    """As the splitter wants them: with the blanks between them, so that they join to the text again."""
    starts = [start for start, _ in sent_spans(text)]
    starts = [0, *starts[1:]] if starts else [0]
    return [text[start:end] for start, end in zip(starts, [*starts[1:], len(text)], strict=True)]
