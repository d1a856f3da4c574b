"""Our collection inside a LlamaIndex program: a retriever, and a query engine whose answers are grounded ours.

    from app.llamaindex import OnrecordRetriever, OnrecordQueryEngine
    engine = OnrecordQueryEngine.open(".onrecord")
    print(engine.query("Who voted against the budget?"))

Nodes carry `start_char_idx`, `end_char_idx` (code points of the canonical text) and, as metadata, file and version.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.response.schema import RESPONSE_TYPE, Response
from llama_index.core.prompts.mixin import PromptMixinType
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from app.answers import Answer, Citation
from app.assistant import Assistant, build
from app.exchange import REFUSED
from app.settings import load_settings
from indexing.documents import Document, Hit
from indexing.spans import Span


class OnrecordRetriever(BaseRetriever):
    """The passages that Onrecord would answer from, best first."""

    def __init__(self, assistant: Assistant) -> None:
        super().__init__()
        self.assistant = assistant

    @classmethod
    def open(cls, home: str | Path, **settings: Any) -> Self:
        """Over the index in `home`; `settings` as in onrecord.toml. Raises OnrecordError when there is none."""
        return cls(build(load_settings({"home": Path(home), **settings})))

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return [_node_of(hit) for hit in self.assistant.search(query_bundle.query_str)]


class OnrecordQueryEngine(BaseQueryEngine):
    """Answers as `onrecord ask` gives them. `response.metadata["answer"]` is the whole `ask --json` object; source
    nodes are the cited characters. A refusal says so and has no source nodes."""

    def __init__(self, assistant: Assistant) -> None:
        super().__init__(callback_manager=None)
        self.assistant = assistant

    @classmethod
    def open(cls, home: str | Path, **settings: Any) -> Self:
        """As `OnrecordRetriever.open`."""
        return cls(build(load_settings({"home": Path(home), **settings})))

    def _query(self, query_bundle: QueryBundle) -> RESPONSE_TYPE:
        return _response(self.assistant.ask(query_bundle.query_str))

    async def _aquery(self, query_bundle: QueryBundle) -> RESPONSE_TYPE:
        import asyncio

        return await asyncio.to_thread(self._query, query_bundle)

    def _get_prompt_modules(self) -> PromptMixinType:
        return {}


def _response(answer: Answer) -> Response:
    if answer.status == "refused":
        return Response(REFUSED, [], {"answer": answer.as_json()})
    cited = dict.fromkeys(citation for statement in answer.statements for citation in statement.citations)
    return Response(answer.text, [_cited(one) for one in cited], {"answer": answer.as_json()})


def _node_of(hit: Hit) -> NodeWithScore:
    passage = hit.passage
    return NodeWithScore(node=_node(passage.document, passage.span, passage.text), score=hit.score)


def _node(document: Document, span: Span, text: str) -> TextNode:
    about = document.metadata
    known = {"title": about.title, "source": about.source, "author": about.author, "date": about.date, "url": about.url}
    return TextNode(
        id_=f"{document.version}:{span.start}-{span.end}",
        text=text,
        start_char_idx=span.start,
        end_char_idx=span.end,
        metadata={"file": document.name, "document": document.id, "version": document.version, **known},
        excluded_embed_metadata_keys=["document", "version", "url"],
        excluded_llm_metadata_keys=["document", "version", "url"],
    )


def _cited(citation: Citation) -> NodeWithScore:
    about = {"title": citation.title, "source": citation.source, "date": citation.date, "page": citation.page}
    identity = {"file": citation.file, "document": citation.document_id, "version": citation.version}
    node = TextNode(
        id_=f"{citation.version}:{citation.span.start}-{citation.span.end}",
        text=citation.quote,
        start_char_idx=citation.span.start,
        end_char_idx=citation.span.end,
        metadata={**identity, **about},
    )
    return NodeWithScore(node=node)
