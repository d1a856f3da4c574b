"""Replies in plain text or JSON, whichever they turn out to be; and what endpoints are asked to hold them to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.drafting.references import Claim, Reference, read_claims
from app.drafting.replies import LONGEST, ReplyReader
from app.language_models.constraints import AT_ONCE, MOST_LISTED, Constraint
from indexing.errors import ModelError

WORDS = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=40)
NUMBERS = st.lists(st.sampled_from(["1.1", "1.2", "2.1", "3"]), min_size=1, max_size=3)
SAID = st.lists(st.tuples(WORDS, NUMBERS), max_size=4)


def read(deltas: Sequence[str]) -> list[Claim]:
    return list(_read(deltas))


def _read(deltas: Sequence[str]) -> Iterator[Claim]:
    reader = ReplyReader()
    for delta in deltas:
        yield from reader.feed(delta)
    yield from reader.finish()


def cut(text: str, places: Sequence[int]) -> list[str]:
    bounds = [0, *sorted(place % (len(text) + 1) for place in places), len(text)]
    return [text[start:end] for start, end in pairwise(bounds)]


def reply(*statements: tuple[str, list[str]]) -> str:
    return json.dumps({"statements": [{"sentences": numbers, "text": text} for text, numbers in statements]})


@given(
    SAID,
    st.sampled_from(
        [
            *("{}", "```json\n{}\n```", "  \n{}", "```\n{}```", "\ufeff{}", "\n \n" * 30 + "{}", "<|x|>{}"),
            *('<think>Is {it} "so?</think>{}', "Here it is:\n{}", "Here it is:\n\n```json\n{}\n```\nBye."),
        ]
    ),
    st.lists(st.integers(0, 999), max_size=6),
)
def test_json_says_what_the_same_sentences_with_markers_would_wherever_it_is_cut(
    said: list[tuple[str, list[str]]], frame: str, places: list[int]
) -> None:
    whole = frame.replace("{}", reply(*said))
    found = read(cut(whole, places))
    assert found == read([whole])
    assert [claim.text for claim in found] == [claim.text for text, _ in said for claim in read_claims([text])]
    for claim in found:
        assert claim.references


@given(st.text(max_size=120), st.lists(st.integers(0, 999), max_size=6))
def test_what_is_no_json_is_read_as_plain_text_wherever_it_is_cut(text: str, places: list[int]) -> None:
    if text.lstrip()[:1] in ("{", "[", "`"):
        text = f"So {text}"
    assert read(cut(text, places)) == list(read_claims([text]))


def test_a_statement_comes_out_as_soon_as_its_object_closes() -> None:
    reader, whole = ReplyReader(), reply(("It is so.", ["1.2"]), ("It was so.", ["2.1", "1.1"]))
    until = whole.index("}") + 1
    assert list(reader.feed(whole[:until])) == [Claim("It is so.", (Reference(1, 2),))]
    assert list(reader.feed(whole[until:])) == [Claim("It was so.", (Reference(2, 1), Reference(1, 1)))]
    assert list(reader.finish()) == []


@pytest.mark.parametrize(
    ("text", "references"),
    [
        ('{"answer": "It is so.", "references": [1, "2.1"]}', ((1, 0), (2, 1))),
        ('[{"text": "It is so.", "source": "[1.2]"}]', ((1, 2),)),
        ('{"statements": [{"text": "It is so [1.1].", "sentences": ["9", null, true]}]}', ((1, 1), (9, 0))),
        ('{"text": "It is so.", "sentences": "none"} and more', ()),
        ('{"statements": ["It is so [1.2]."]}', ((1, 2),)),
        ('{"Text": "It is so.", "Sentences": ["1.2"],}', ((1, 2),)),
        ('{"why": {"because": "so"}, "text": "It is so.", "sentences": [{"passage": 1, "sentence": 2}]}', ((1, 2),)),
        ('{"arguments": {"statements": [{"text": "It is so.", "sentences": {"id": "1.2"}}]}}', ((1, 2),)),
    ],
)
def test_json_of_another_make_is_understood(text: str, references: tuple[tuple[int, int], ...]) -> None:
    assert read([text]) == [Claim("It is so.", tuple(Reference(*one) for one in references))]


@pytest.mark.parametrize("text", ['{"statements": []}', "{}", '{"error": "so"}', '```json\n{"statements": []}\n```'])
def test_json_without_a_statement_says_nothing(text: str) -> None:
    assert read([text]) == []


@pytest.mark.parametrize("text", ["[1.1] So it is.", "```\nSo.\n```", "{so} it is.", "[{]", "[", "`", ""])
def test_what_only_begins_like_json_is_plain_text(text: str) -> None:
    assert read(list(text)) == list(read_claims([text]))


@pytest.mark.parametrize("text", ['{"statements": [{"text": "It is', '{"statements": [{"text": It}]', '{"a" ' * 50])
def test_json_that_cannot_be_read_is_an_error_and_never_shown(text: str) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        read([text])


def test_a_statement_whose_json_is_broken_is_counted() -> None:
    reader = ReplyReader()
    told = list(reader.feed('{"statements": [{"text": "He said "no"."}, {"text": "It is so."}, {"text": "So'))
    assert [claim.text for claim in [*told, *reader.finish()]] == ["It is so."]
    assert reader.unread == 1


def test_json_of_somebody_elses_within_words_is_no_answer() -> None:
    text = 'The file holds:\n{"a": 1}\nand so it is [1.1].'
    assert read([text]) == list(read_claims([text]))


def test_an_object_without_end_takes_no_more_than_its_bound() -> None:
    reader = ReplyReader()
    assert list(reader.feed('{"text": "' + "so " * LONGEST)) == []
    assert list(reader.feed('"}, {"text": "It is so.", "sentences": ["1.1"]}')) == [
        Claim("It is so.", (Reference(1, 1),))
    ]


def test_the_schema_lists_what_was_offered_as_strict_endpoints_want_it() -> None:
    schema = Constraint(("1.1", "1.2"), "NO ANSWER").schema
    statement = schema["properties"]["statements"]["items"]
    assert statement["properties"]["sentences"]["items"] == {"type": "string", "enum": ["1.1", "1.2"]}
    for one in (schema, statement):
        assert one["additionalProperties"] is False and sorted(one["properties"]) == sorted(one["required"])
    many = Constraint(tuple(f"1.{number}" for number in range(1, MOST_LISTED + 2)), "NO ANSWER").schema
    assert "enum" not in json.dumps(many)


def test_the_grammar_has_the_refusal_alone_and_only_the_references_offered() -> None:
    root, sentence, reference = Constraint(("1", "2"), "NO ANSWER", most=3).grammar.strip().split("\n")
    assert root == 'root ::= "NO ANSWER" | sentence (" " sentence (" " sentence)?)?'
    assert sentence.count("reference") == AT_ONCE
    assert reference == 'reference ::= "1" | "2"'


def test_a_request_has_what_its_form_takes_and_text_nothing() -> None:
    to = Constraint(("1.1",), "NO ANSWER")
    assert to.request("text") == {}
    assert to.request("grammar") == {"extra_body": {"grammar": to.grammar}}
    assert to.request("schema")["response_format"]["json_schema"]["strict"] is True
