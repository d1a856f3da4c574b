"""The streaming parser: the same claims however the answer is cut, nothing lost, nothing made up."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.drafting import references
from app.drafting.markup import HELD, LONGEST_WORD, PlainText
from app.drafting.references import (
    LONGEST,
    WIDEST,
    WITHDRAWN,
    Claim,
    Reference,
    ReferenceParser,
    parse_marker,
    read_claims,
)

WORDS = st.from_regex(r"[a-z]{1,8}", fullmatch=True)
SENTENCES = st.builds(
    lambda first, rest, end: " ".join([first.capitalize() + "zz", *rest]) + "zz" + end,
    WORDS,
    st.lists(WORDS, min_size=1, max_size=6),
    st.sampled_from([".", "!", "?"]),
)
REFERENCES = st.builds(Reference, st.integers(1, 30), st.integers(1, 30))
# Everything the parser treats specially, in any order.
PIECES = st.sampled_from(
    "[ ] ( ) < > ! * ** _ ` # é 😀 “ ” Putin called first 3.5 [1.2] [2.1,2.3] [1.2-1.4] [1] [sic] [a](http://x)".split()
    + "![a](http://x) <br> <b> </b> <think> </think> <script> </script> ://x 1.2]".split()
    + "& &quot; &amp; &amp;lt; &#91; &#x5d; ; \\ \\[ \\] \\< 【 】 【1.2】 << >> <|end|> \u202e \u200b \u2028".split(
        " "
    )
    + ["- ", "1. ", "2. ", "\n", "\n\n", " ", ". ", "U.S. ", "Mr. ", "\r\n", "\t", "\ud83d", "\x00"]
)
ANSWERS = st.one_of(st.lists(PIECES, max_size=40).map("".join), st.text(alphabet="ab .[]()<>!*1,-\n#", max_size=80))


def claims(answer: str) -> list[Claim]:
    """The claims that stand once the answer is over."""
    found: list[Claim] = []
    parser = ReferenceParser()
    for claim in (*parser.feed(answer), *parser.finish()):
        found = [] if claim is WITHDRAWN else [*found, claim]
    return found


def said(answer: str) -> list[tuple[str, list[tuple[int, int]]]]:
    return [(claim.text, [(ref.passage, ref.sentence) for ref in claim.references]) for claim in claims(answer)]


@given(ANSWERS, st.data())
def test_any_cut_into_deltas_gives_the_same_claims(answer: str, data: st.DataObject) -> None:
    places = sorted(data.draw(st.lists(st.integers(0, len(answer)), max_size=10)))
    deltas = [answer[start:end] for start, end in itertools.pairwise([0, *places, len(answer)])]
    assert list(read_claims(deltas)) == list(read_claims([answer])) == list(read_claims(answer))


@given(st.lists(st.tuples(SENTENCES, st.lists(REFERENCES, max_size=3), st.booleans()), min_size=1, max_size=6))
def test_sentences_come_back_with_their_own_references_before_or_after_the_full_stop(
    script: list[tuple[str, list[Reference], bool]],
) -> None:
    written = []
    for sentence, refs, inside in script:
        marker = "".join(f"[{ref.passage}.{ref.sentence}]" for ref in refs)
        written.append(f"{sentence[:-1]} {marker}{sentence[-1]}" if inside and refs else f"{sentence} {marker}".strip())
    expected = [Claim(sentence, tuple(dict.fromkeys(refs))) for sentence, refs, _ in script]
    assert claims(" ".join(written)) == expected
    assert claims("\n".join(f"- {line}" for line in written)) == expected


@given(
    st.lists(WORDS, max_size=60), st.lists(st.sampled_from([" ", "  ", "\n", ". ", "? ", " U.S. ", ", "]), max_size=60)
)
def test_text_without_markers_is_preserved(words: list[str], gaps: list[str]) -> None:
    text = "".join(itertools.chain.from_iterable(itertools.zip_longest(words, gaps, fillvalue="")))
    spoken = " ".join(claim.text for claim in claims(text))
    assert [word for word in spoken.split() if word.strip(".,?")] == [
        word for word in text.split() if word.strip(".,?")
    ]


@given(ANSWERS)
def test_no_markup_that_fetches_or_runs_anything_is_left(answer: str) -> None:
    for claim in claims(answer):
        assert "http" not in claim.text
        assert not any(parse_marker(inside) for inside in re.findall(r"\[([^\[\]]*)\]", claim.text))
        claim.text.encode()  # no half of a character


@pytest.mark.parametrize("length", [500, 4000])
@pytest.mark.parametrize("piece", "[ < ![ [a]( <b ** (( x _a [1.1]. [a <a[b U.S.+ -+ x[".split())
def test_what_is_kept_back_and_looked_at_is_bounded(piece: str, length: int) -> None:
    steps = 0
    parser = ReferenceParser()
    plain = parser._plain
    real = PlainText._step

    def counted(self: PlainText, character: str) -> object:
        nonlocal steps
        steps += 1
        return real(self, character)

    answer = piece.replace("+", " ") * (length // len(piece))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PlainText, "_step", counted)
        for character in answer:
            list(parser.feed(character))
            assert len(plain._held) <= HELD + 1
            assert len(plain._word) <= LONGEST_WORD
            assert parser._length <= LONGEST + LONGEST_WORD + 1
    assert len(answer) // 2 <= steps <= 4 * len(answer)


def test_the_splitter_sees_a_bounded_part_of_each_sentence_once_per_full_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    real = references._splits

    def measured(before: str, word: str) -> bool:
        sizes.append(len(before))
        return real(before, word)

    monkeypatch.setattr(references, "_splits", measured)
    answer = "The U.S. " * 400
    list(read_claims(answer))
    assert 300 <= len(sizes) <= 400
    assert max(sizes) <= references.WINDOW


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ("1.2", [(1, 2)]),
        ("2.1, 2.3", [(2, 1), (2, 3)]),
        ("2.1; 2.3 and 4.1", [(2, 1), (2, 3), (4, 1)]),
        ("1.2-1.4", [(1, 2), (1, 3), (1, 4)]),
        ("1.2–4", [(1, 2), (1, 3), (1, 4)]),
        ("1.9-2.2", [(1, 9), (2, 2)]),
        ("1.4-1.2", []),
        ("1", [(1, 0)]),
        ("1-3", [(1, 0), (2, 0), (3, 0)]),
        ("passage 2.3", [(2, 3)]),
        ("^4", [(4, 0)]),
        ("1.2, 1.2", [(1, 2)]),
        ("01.02", [(1, 2)]),
        ("1.2.", [(1, 2)]),
        ("１.２", [(1, 2)]),
        ("ref: 1.2", [(1, 2)]),
        ("1†source", [(1, 0)]),
        ("12,012", []),
        ("sic", []),
        ("2022", []),
        ("12,000", []),
        ("0.1", []),
        ("1.2.3", []),
        ("", []),
    ],
)
def test_markers(inside: str, expected: list[tuple[int, int]]) -> None:
    assert [(ref.passage, ref.sentence) for ref in parse_marker(inside)] == expected


def test_a_range_cannot_make_work_without_end() -> None:
    assert len(parse_marker("1.1-1.999")) == WIDEST + 1


CASES = {
    "Putin called first [1.2]. Kyiv objected [2.1, 2.3][3.1].": [
        ("Putin called first.", [(1, 2)]),
        ("Kyiv objected.", [(2, 1), (2, 3), (3, 1)]),
    ],
    "Putin called. [1.2] Kyiv objected.[2.1]\n": [("Putin called.", [(1, 2)]), ("Kyiv objected.", [(2, 1)])],
    "[1.1] Putin called. [1.2] Kyiv objected.": [("Putin called.", [(1, 1)]), ("Kyiv objected.", [(1, 2)])],
    "Kyiv objected.\n[2.1]\n\nSo did Paris.": [("Kyiv objected.", [(2, 1)]), ("So did Paris.", [])],
    "He met Mr. Xi in the U.S. on Feb. 20 [1.1]. It fell 3.5 percent [1.2].": [
        ("He met Mr. Xi in the U.S. on Feb. 20.", [(1, 1)]),
        ("It fell 3.5 percent.", [(1, 2)]),
    ],
    "He spoke to Lt. Gen. Smith [1.1], e.g. The Times said so [1.2].": [
        ("He spoke to Lt. Gen. Smith, e.g. The Times said so.", [(1, 1), (1, 2)])
    ],
    "He said “no.” [1.1] Then he left ([1.2]).": [("He said “no.”", [(1, 1)]), ("Then he left.", [(1, 2)])],
    "**Bold** and *soft* and `code` in snake_case, 5 * 3 [1.1].": [
        ("Bold and soft and code in snake_case, 5 * 3.", [(1, 1)])
    ],
    "# Overview\n1. One [1.1].\n2. Two.\n- Three\n> Four": [
        ("One.", [(1, 1)]),
        ("Two.", []),
        ("Three", []),
        ("Four", []),
    ],
    "## Putin called first [1.2]": [("Putin called first", [(1, 2)])],
    "It was so [1.1]. And it is so. [1.2] And so on.": [
        ("It was so.", [(1, 1)]),
        ("And it is so.", [(1, 2)]),
        ("And so on.", []),
    ],
    "It left the U.S. [1.1] President Trump in Feb. [1.2] 2025.": [
        ("It left the U.S. President Trump in Feb. 2025.", [(1, 1), (1, 2)])
    ],
    "52. [1.3]": [("52.", [(1, 3)])],
    "A line that is\nwrapped [1.1].": [("A line that is wrapped.", [(1, 1)])],
    "See [the Times](http://x.example/a_b) [1.1] ![chart](http://x.example/c.png).": [("See the Times.", [(1, 1)])],
    "[![chart](http://x.example/c.png)](http://x.example) It fell [1](http://x.example).": [("It fell.", [(1, 0)])],
    "![x](data:image/png;base64," + "A" * 5000 + ") It fell.": [("It fell.", [])],
    "One<br>Two <b>bold</b>, <img src=x onerror=alert(1)>three.": [("One", []), ("Two bold, three.", [])],
    "<think>Is it? Yes [9.9].</think>It is [1.1].": [("It is.", [(1, 1)])],
    "It is.<script>alert(1)</script> So": [("It is.", []), ("So", [])],
    "He [sic] saw [2022] a<b and c < d.": [("He [sic] saw [2022] a<b and c < d.", [])],
    "Good \ud83d\ude00 day.": [("Good 😀 day.", [])],
    "It fell [1<b>.2]. It [1*] rose.": [("It fell.", []), ("It rose.", [])],
    "It fell 【1.2】. It rose\\[1.3\\]. So ［2.1］.": [
        ("It fell.", [(1, 2)]),
        ("It rose.", [(1, 3)]),
        ("So.", [(2, 1)]),
    ],
    "It fell [[1.2]]. 【News】 it rose【2†source】.": [("It fell.", [(1, 2)]), ("【News】 it rose.", [(2, 0)])],
    "[1.1]: It fell.\n[^2]: So.": [("It fell.", [(1, 1)]), ("So.", [(2, 0)])],
    "He said &quot;no&quot; &amp;amp;quot;x&quot; to AT&T; &copy <&lt;b>.": [
        ('He said "no" "x" to AT&T; &copy «b>.', [])
    ],
    "&lt;img src=x onerror=alert(1)&gt;It &#91;1.1&#93; \\<b\\>fell.": [("It fell.", [(1, 1)])],
    "It\u202e is\u200b so\u2028and so.\ufeff": [("It is so and so.", [])],
    "We stole it. So it goes</think>It is [1.1].": [("It is.", [(1, 1)])],
    "<reasoning>Is it?</reasoning><answer>It is [1.1].</answer>So.": [("It is.", [(1, 1)]), ("So.", [])],
    "<|start|>It is [1.1].<|im_end|>": [("It is.", [(1, 1)])],
    "---\n***\n[1.1]\n": [],
    "": [],
}


@pytest.mark.parametrize("answer", CASES)
def test_cases(answer: str) -> None:
    assert said(answer) == CASES[answer]


@pytest.mark.parametrize(
    ("answer", "finished"),
    [("It fell.", True), ("It fell [1.1]", True), ("It fell\n", True), ("It fell", False), ("It [1.1] fell", False)],
)
def test_a_sentence_that_broke_off_is_told_from_a_finished_one(answer: str, finished: bool) -> None:
    assert [claim.finished for claim in claims(answer)] == [finished]


def test_a_claim_comes_out_with_the_word_after_it() -> None:
    parser = ReferenceParser()
    assert not list(parser.feed("Putin called first [1.2]. Kyiv"))
    assert [claim.text for claim in parser.feed(" ")] == ["Putin called first."]
