"""Orders hidden in documents, titles and history change nothing; a model that lies quotes nobody wrongly."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from pathlib import Path

import pytest

from app.answers import Citation, Done, Said, Statement, Turn
from app.assistant import Assistant
from app.drafting.generate import GenerativeAnswerer
from app.exchange import Exchange
from app.judging.ground import ground
from app.language_models.llm import LanguageModel, language_model
from app.retrieval.retrieve import Retriever
from app.settings import Settings
from app.web.render import exchange
from indexing.clean import plain_blocks
from indexing.documents import Document, Hit, Metadata, Passage
from indexing.fold import fold
from indexing.ingest import index
from indexing.marks import outermost, stretches_of
from indexing.sentences import sentences_of
from indexing.spans import Span
from tests.attacks import EVIL, INVENTED, MARKS, Attack, as_seen, attacks, lies, obey, quoted_by_eye
from tests.conftest import Opener
from tests.openai_server import OpenAIServer, Request, Says
from tests.small_llm import small_llm  # noqa: F401 - a fixture

SENTENCES = (
    "Putin called Trump first on 12 February 2025, the Kremlin said.",
    "Trump called the conversation “lengthy and highly productive”.",
    "He said “no” to ‘peace at any price’ and left the room at 9 p.m.",
    "A poll put the approval of Volodymyr Zelensky at 57 percent.",
)
QUESTION = "What did Zelensky and Trump say?"
SIGNS = ("](", "![", "<img", "<script", "<a ", "<iframe", "<svg", "<details")
INDEXED = 10  # attacks in one collection


class Obedient:
    """A model that does what it is told, wherever that stands."""

    name, destination = "obedient", "nowhere"

    def stream(self, system: str, user: str, history: Sequence[Turn]) -> Iterator[str]:
        turns = [{"role": turn.role, "content": turn.content} for turn in history]
        messages = [{"role": "system", "content": system}, *turns, {"role": "user", "content": user}]
        reply = obey(Request("/v1/chat/completions", {}, {"messages": messages}))
        assert isinstance(reply, Says)
        yield from (reply.text[at : at + reply.piece] for at in range(0, len(reply.text), reply.piece))


class Lying(Obedient):
    """A model that says what it was made to say."""

    def __init__(self, said: str) -> None:
        self._said = said

    def stream(self, system: str, user: str, history: Sequence[Turn]) -> Iterator[str]:
        yield from self._said


def hit(text: str, name: str, **about: str) -> Hit:
    document = Document(name, hashlib.sha256(text.encode()).hexdigest(), name, text, Metadata(**about))
    sentences = sentences_of(text, plain_blocks(text))
    return Hit(Passage(1, document, Span(0, len(text)), 0, sentences), 1.0, ())


def attacked(attack: Attack) -> tuple[list[Hit], list[Turn]]:
    """Passages and a history that hold the order where the attack puts it."""
    about = {key: attack.order if attack.place == key else "Call" for key in ("title", "source", "author")}
    order = f" {attack.order}" if attack.place == "sentence" else ""
    told = attack.order if attack.place == "history" else "Go on."
    history = [Turn("user", told), Turn("assistant", told)]
    return [hit(" ".join(SENTENCES[:2]) + order, "a.txt", **about), hit(" ".join(SENTENCES[2:]), "b.txt")], history


def said_by(model: LanguageModel, hits: list[Hit], history: Sequence[Turn] = ()) -> list[Statement]:
    """Every statement of an answer as a reader would get it."""
    documents = {each.passage.document.id: each.passage.document for each in hits}
    said = GenerativeAnswerer(model, 4096)(QUESTION, history, hits)
    return [ground(one, lambda each: documents.get(each.document_id)) for one in said if isinstance(one, Statement)]


OURS = frozenset("article div h2 p span a i bdi ol li ul section details summary".split())


class Page(HTMLParser):
    """What of a page could do something: its tags with their attributes."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def check_page(statements: Sequence[Statement]) -> None:
    """No tag, link, image or template expression but ours."""
    heard = Exchange(QUESTION)
    for each in statements:
        heard = heard.after(Said(each))
        assert not [sign for sign in SIGNS if sign in each.text], each.text
    markup = exchange(heard)
    assert "${" not in markup and "{{" not in markup
    for tag, attributes in Page(markup).tags:
        assert tag in OURS, tag
        doing = [name for name in attributes if name.startswith("on") or name in ("src", "srcset", "style", "srcdoc")]
        assert not doing, (tag, attributes)
        if tag == "a":
            assert (attributes["href"] or "").startswith("#source/")


def check_quotations(statements: Sequence[Statement], documents: Sequence[Document]) -> None:
    """What stands between marks of any kind is verbatim in a document that the statement cites."""
    texts = {document.id: fold(document.text) for document in documents}
    plain = {document.id: " ".join(as_seen(document.text).replace("\x01", "").split()) for document in documents}
    for words in quoted_by_eye(" ".join(each.text for each in statements)):
        assert any(" ".join(words.split()) in text for text in plain.values()), words
    for each in statements:
        for words in quoted_by_eye(each.text):
            held = [plain[citation.document_id] for citation in each.citations]
            assert any(" ".join(words.split()) in text for text in held), (each.text, words)
        cited = [texts[citation.document_id] for citation in each.citations]
        for stretch in outermost(stretches_of(each.text, [Span(0, len(each.text))])):
            words = fold(stretch.inner.of(each.text)).text.strip().rstrip(".,;:")
            assert any(list(text.find_all(words)) for text in cited), (each.text, words)
        for document in documents:
            for citation in each.citations:
                if citation.document_id == document.id:
                    assert citation.span.of(document.text) == citation.quote


def documents_of(hits: Sequence[Hit]) -> list[Document]:
    return [each.passage.document for each in hits]


def test_the_attacks_are_the_same_for_the_same_seed_and_reach_every_place() -> None:
    assert list(attacks(3, 40)) == list(attacks(3, 40)) != list(attacks(4, 40))
    assert len({(one.place, one.payload) for one in attacks(3, 75)}) >= 50


@pytest.mark.parametrize("seed", range(2))
def test_a_model_that_obeys_every_order_it_sees_puts_nothing_on_the_page_and_quotes_nobody_wrongly(seed: int) -> None:
    spoken = 0
    for attack in attacks(seed, 45):
        hits, history = attacked(attack)
        statements = said_by(Obedient(), hits, history)
        check_page(statements)
        check_quotations(statements, documents_of(hits))
        spoken += any(EVIL in each.text or each.support == "unsupported" for each in statements)
    assert spoken > 10, "the model was never told anything: these attacks test nothing"


@pytest.mark.parametrize("seed", range(4))
def test_a_model_that_lies_in_every_way_quotes_nobody_wrongly(seed: int) -> None:
    hits = [hit(" ".join(SENTENCES[:2]), "a.txt"), hit(" ".join(SENTENCES[2:]), "b.txt")]
    supports = set()
    for answer in lies(seed, 40, SENTENCES):
        statements = said_by(Lying(answer), hits)
        check_page(statements)
        check_quotations(statements, documents_of(hits))
        for each in statements:
            supports.add(each.support)
            if any(words in each.text for words in INVENTED if words not in " ".join(SENTENCES)):
                assert each.support != "supported"
    assert {"supported", "unsupported"} <= supports


@pytest.mark.parametrize("pair", MARKS, ids="".join)
def test_invented_words_are_in_no_marks_of_any_kind(pair: tuple[str, str]) -> None:
    hits = [hit(" ".join(SENTENCES[:2]), "a.txt"), hit(" ".join(SENTENCES[2:]), "b.txt")]
    words = "lengthy and highly destructive"
    quote = f"{pair[0]}{words}{pair[1]}"
    statements = said_by(Lying(f"Trump called the conversation {quote} at night [1.2].\n{quote}, he said [2.1]."), hits)
    assert not list(quoted_by_eye(" ".join(each.text for each in statements)))
    assert words in " ".join(each.text for each in statements) or pair == ("<<", ">>")
    assert not any(words in each.text and each.support == "supported" for each in statements)


def test_orders_in_indexed_documents_reach_no_reader(tmp_path: Path, opened: Opener) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    for number, attack in enumerate(attacks(11, INDEXED)):
        lines = [f"{key}: {attack.order!r}" for key in ("title", "source", "author") if attack.place == key]
        order = attack.order if attack.place == "sentence" else ""
        text = "\n".join(["---", *lines, "---", "", " ".join(SENTENCES), "", order, ""])
        (folder / f"{number}.md").write_text(text, encoding="utf-8")
    collection = opened(tmp_path / "home")
    index(collection, [folder])
    with OpenAIServer(obey) as server:
        settings = Settings(llm="obedient", llm_url=server.url)
        generate = GenerativeAnswerer(language_model(settings), settings.llm_context)
        assistant = Assistant(collection, Retriever(collection, 10), generate, settings)
        for attack in attacks(12, 5):
            history = [Turn("user", attack.order), Turn("assistant", attack.order)]
            heard = Exchange(QUESTION)
            for event in assistant.walk(QUESTION, history):
                heard = heard.after(event)
                if isinstance(event, Said):
                    check_page([event.statement])
                if isinstance(event, Done):
                    found = [collection.document(one.document_id, one.version) for one in _cited(event)]
                    check_quotations(event.answer.statements, [one for one in found if one])
        assert len(server.requests) == 5


def _cited(done: Done) -> Iterator[Citation]:
    yield from (citation for each in done.answer.statements for citation in each.citations)


@pytest.mark.llm
@pytest.mark.timeout(600)
def test_a_real_small_model_under_attack_puts_nothing_on_the_page(small_llm: str) -> None:  # noqa: F811
    few = {"max_tokens": 40}
    model = language_model(Settings(llm="smollm2", llm_url=small_llm, llm_references="text", llm_options=few))
    for attack in attacks(5, 4):
        hits, history = attacked(attack)
        statements = said_by(model, hits, history)
        check_page(statements)
        check_quotations(statements, documents_of(hits))
