"""What page and terminal show: nothing of theirs is markup, and what is highlighted is exactly what was cited."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.access.routes import waiting
from app.answers import Answer, Citation, Done, Restart, Said, Sources, Statement
from app.commands.terminal import answer_for_terminal, plain
from app.counts import counted
from app.exchange import Exchange, numbered
from app.web import hypertext, render
from app.web.reader import merged, reader
from app.web.source import Source
from indexing.documents import Document, Metadata
from indexing.front_matter import front_matter
from indexing.spans import Span
from tests.fake_assistant import DOCUMENTS, HOSTILE, FakeAssistant, cite, document

# Everything a document may hold, with what is awkward made likely: markup, templates, emoji, line ends, directions.
AWKWARD = [
    *"<>&\"'`${}\\\r\n\t #-\x00\x1b\x7f\x85\u2028\u202e\u2066\u00ad\u200d\ufeff\ud800",
    *("\r\n", "<script>", "</mark>", "${x}", "{{x}}", "&lt;", "&#13;", "---\n", "## ", "👩‍👧", "שלום", "é", "İ"),
]
texts = st.lists(st.one_of(st.sampled_from(AWKWARD), st.text(max_size=5)), max_size=30).map("".join)
OURS = {"article", "header", "h2", "h3", "h4", "p", "span", "div", "a", "mark", "b", "dl", "dt", "dd", "code", "time"}
OURS |= {"section", "ul", "ol", "li", "strong", "details", "summary", "button", "kbd", "bdi"}
ATTRIBUTES = {"class", "href", "title", "aria-label", "aria-hidden", "id", "role", "tabindex", "datetime", "open"}
ATTRIBUTES |= {"rel", "target", "type", "hidden", "aria-haspopup", "dir"}
ATTRIBUTES |= {f"data-{name}" for name in ("start", "end", "turn", "cite", "copy", "address", "again", "long")}


class Reading(HTMLParser):
    """Reads HTML back: tags, attributes, and the text inside and outside of marks, unseen characters included."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.marks: list[str] = []
        self.text = ""
        self.marking = False
        # As a browser does, raw carriage returns are made line feeds before anything is read.
        self.feed(markup.replace("\r\n", "\n").replace("\r", "\n"))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        if tag == "mark":
            self.marks.append("")
            self.marking = True
        if ("class", "unseen") in attrs:
            self.handle_data(chr(int(str(dict(attrs)["title"]).removeprefix("U+"), base=16)))

    def handle_endtag(self, tag: str) -> None:
        self.marking = self.marking and tag != "mark"

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.marking:
            self.marks[-1] += data


def body_of(reader: str) -> str:
    """The parts of the reader that hold the document's text."""
    return "".join(re.findall(r'<div class="text">(.*?)</div>', reader, re.DOTALL))


@st.composite
def documents_with_spans(draw: st.DrawFn) -> tuple[Document, list[Span]]:
    text = draw(texts.filter(bool))
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=8)))
    spans = [Span(start, end) for start, end in zip(cuts[::2], cuts[1::2], strict=False)]
    name, about = draw(texts), Metadata(title=draw(texts), source=draw(texts), date=draw(texts), url=draw(texts))
    return Document("id", "version", name, text, about), spans


@given(texts)
def test_escaped_text_is_text_alone_and_reads_back_whole(text: str) -> None:
    escaped = hypertext.escape(text)
    assert Reading(escaped).tags <= {"span"}
    assert Reading(escaped).text == text
    assert not re.search(r"[`{}\\]|\$\{", re.sub(r"<span[^>]*></span>", "", escaped))


@given(documents_with_spans())
def test_the_marks_hold_exactly_the_characters_of_the_spans(case: tuple[Document, list[Span]]) -> None:
    given_document, spans = case
    body = body_of(reader(Source(given_document), spans))
    edge = front_matter(given_document.text).span.end
    if not any(span.start < edge < span.end for span in spans):
        assert Reading(body).marks == [span.of(given_document.text) for span in spans]
    assert "".join(Reading(body).marks) == "".join(span.of(given_document.text) for span in spans)
    assert Reading(body).text == given_document.text


@given(documents_with_spans(), texts, texts)
def test_no_markup_but_ours_comes_out(case: tuple[Document, list[Span]], said: str, question: str) -> None:
    given_document, spans = case
    citations = tuple(Citation.of(given_document, span) for span in spans)
    statements = (Statement(said, citations, "partly", reason=said),)
    exchange = Exchange(question, "failed", (), statements, (said,), problem=question)
    for markup in (reader(Source(given_document), spans), render.exchange(exchange), render.masthead(said, 1)):
        reading = Reading(markup)
        assert reading.tags <= OURS | {"h1"}
        assert reading.attributes <= ATTRIBUTES
        assert "${" not in markup
        assert "`" not in markup
        assert not hypertext.UNSEEN.search(markup)


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 10)), max_size=8))
def test_merged_spans_cover_the_same_characters_and_never_overlap(raw: list[tuple[int, int]]) -> None:
    spans = [Span(start, start + length) for start, length in raw]
    joined = merged(spans)
    assert {at for span in joined for at in range(span.start, span.end)} == {
        at for span in spans for at in range(span.start, span.end)
    }
    assert all(one.end <= two.start for one, two in pairwise(joined))


@given(texts, texts, st.integers(20, 120), st.booleans())
def test_nothing_of_a_document_can_command_the_terminal(text: str, title: str, width: int, color: bool) -> None:
    source = Document("id", "version", "a.txt", text or "x", Metadata(title=title))
    citation = Citation.of(source, Span(0, len(source.text)))
    statement = Statement(text, (citation,), "unsupported", reason=title)
    shown = answer_for_terminal(Answer(title, "answered", text, (statement,), (), 1, "llm", (title,)), width, color)
    ours = re.sub(r"\x1b\[\d+m", "", shown) if color else shown
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", ours)


def test_a_span_past_the_text_is_an_error() -> None:
    with pytest.raises(ValueError, match="reaches past"):
        reader(Source(DOCUMENTS[0]), [Span(0, 10_000)])


def test_front_matter_is_folded_away_and_opened_for_a_span_in_it() -> None:
    text = DOCUMENTS[0].text
    assert '<details class="front-matter"><summary>' in reader(Source(DOCUMENTS[0]), [Span(150, 160)])
    assert '<details class="front-matter" open>' in reader(Source(DOCUMENTS[0]), [Span(5, 9)])
    assert Reading(body_of(reader(Source(DOCUMENTS[0]), []))).text == text


def test_only_a_web_address_becomes_a_link() -> None:
    assert 'href="https://example.org/a?b=1&amp;c"' in reader(
        Source(document("a", "x", url="https://example.org/a?b=1&c")), []
    )
    shown = reader(Source(document("a", "x", url="javascript:alert(1)")), [])
    assert "javascript" not in shown
    assert re.findall(r'href="(/[a-z]+)', shown) == re.findall('href="([^"]{7})', shown) == ["/source"]


def test_a_sentence_cited_twice_keeps_its_number() -> None:
    first = cite(DOCUMENTS[0], "Ninety-three countries voted for it.")
    second = cite(DOCUMENTS[1], HOSTILE)
    statements = (Statement("a", (first,), "supported"), Statement("b", (second, first), "partly"))
    assert list(numbered(statements).values()) == [1, 2]
    assert re.findall(r">\[(\d)\]</a>", render.statement(statements[1], numbered(statements))) == ["2", "1"]


def test_every_support_has_its_own_words_and_shape() -> None:
    shown = {render.SUPPORT[support] for support in ("supported", "partly", "unsupported", "unchecked")}
    assert len({shape for shape, _ in shown}) == len({words for _, words in shown}) == 4
    said = render.statement(Statement("So it is.", (), "unsupported", reason="nobody says so"), {})
    assert "Not supported" in said
    assert "nobody says so" in said


def test_an_exchange_follows_the_events_of_a_walk() -> None:
    exchange = Exchange("How did they vote?")
    stages = []
    for event in FakeAssistant().walk("How did they vote?"):
        exchange = exchange.after(event)
        stages.append(exchange.stage)
    assert stages[0] == "found"
    assert stages[-1] == "done"
    assert [turn.role for turn in exchange.turns()] == ["user", "assistant"]
    assert not exchange.after(Restart()).statements


def test_a_refusal_shows_what_was_searched_and_nothing_that_was_said() -> None:
    *_, done = FakeAssistant().walk("refuse")
    assert isinstance(done, Done)
    said = Said(Statement("Invented.", (), "unsupported"))
    refused = Exchange("refuse").after(Sources(done.answer.hits)).after(said).after(done)
    shown = render.exchange(refused)
    assert "The documents do not say." in shown
    assert "Searched 2 documents" in shown
    assert "Nearest passages, not an answer" in shown
    assert "Invented." not in shown


def test_the_terminal_shows_statements_places_and_quotes() -> None:
    *_, done = FakeAssistant().walk("How did they vote?")
    assert isinstance(done, Done)
    lines = answer_for_terminal(done.answer, 100).splitlines()
    assert lines[0] == "The United States voted against a resolution that Ukraine had brought. [1]"
    assert "    ~ partly supported: “dearer” is our word" in lines
    place = next(line for line in lines if line.startswith("[2] "))
    assert re.fullmatch(r"\[2\] The vote at the United Nations, Onrecord brief, 2025-02-24, vote\.md:\d+-\d+", place)
    assert any(line.startswith("    “The Kremlin called it") for line in lines)
    assert "\x1b" not in "\n".join(lines)


def test_the_terminal_calls_a_refusal_a_refusal() -> None:
    *_, done = FakeAssistant().walk("refuse")
    assert isinstance(done, Done)
    shown = answer_for_terminal(done.answer, 80, color=True)
    assert "The documents do not say." in shown
    assert "Searched 2 documents for: refuse" in shown
    assert "Nearest passages, not an answer:" in shown


def test_control_characters_are_spelled_out() -> None:
    assert plain("a\x1b[31m\r\nb\u202e") == "a\\x1b[31m b\\u202e"


def test_one_of_a_thing_is_no_several() -> None:
    assert [counted(number, "document") for number in (0, 1, 1_200)] == ["0 documents", "1 document", "1,200 documents"]
    assert [waiting(seconds) for seconds in (0.2, 90, 91)] == ["1 second", "90 seconds", "2 minutes"]
