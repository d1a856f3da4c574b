"""What stands before a text: every key that can be read is, and no prose is ever taken for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexing.front_matter import front_matter
from indexing.markdown import markdown_blocks

ENDS = ["\n", "\r\n", "\r"]
letters = st.text("abcdefgh", min_size=1, max_size=8)
# Values as people write them: words and all that YAML takes for something of its own.
values = st.lists(
    letters | st.sampled_from(["a:", ":b", "it's", '"so"', "[x]", "@", "%", "&", "*", "!", "{y"]), min_size=1
).map(" ".join)
texts = st.lists(
    st.sampled_from(
        ["---", "+++", "...", "title: a: b", "title:", "date = 2020", "  - x", "Body text.", "# H", "\t", "", "a:b"]
    ),
    max_size=12,
).flatmap(lambda lines: st.sampled_from(ENDS).map(lambda end: end.join(lines)))


def shown(text: str) -> list[str]:
    return ["".join(piece.of(text) for piece in block.pieces) for block in markdown_blocks(text)]


@given(
    st.dictionaries(st.sampled_from(["title", "source", "Author", "my-key"]), values, min_size=1), st.sampled_from(ENDS)
)
def test_every_key_is_read_whatever_stands_behind_it(given_values: dict[str, str], end: str) -> None:
    lines = ["---", "date: 2020-03-04", *(f"{key}: {value}" for key, value in given_values.items()), "---", "Body."]
    text = end.join(lines)
    found = front_matter(text)
    assert set(found.values) == {"date", *given_values}
    assert found.values["date"] == "2020-03-04"
    assert text[found.span.end :] == "Body."
    for key, value in given_values.items():
        read = found.values[key]
        assert not isinstance(read, str) or read.strip("'\"") == value.strip("'\"") or found.notes == ()


@given(texts)
def test_any_text_has_a_head_that_ends_at_a_line_and_prose_stays_in_view(text: str) -> None:
    found = front_matter(text)
    assert found.span.start == 0
    assert found.span.end == 0 or text[found.span.end - 1] in "\r\n" or found.span.end == len(text)
    assert "Body text." not in "".join(map(str, found.values))
    if "Body text." in text and found.notes == ():
        assert any("Body text." in block for block in shown(text))


@pytest.mark.parametrize("end", ENDS)
def test_front_matter_is_read_and_out_of_view(end: str) -> None:
    text = "---\ntitle: 'A: no'\nauthor: B\n---\nBody.\n".replace("\n", end)
    found = front_matter(text)
    assert found.values == {"title": "A: no", "author": "B"}
    assert found.notes == ()
    assert text[found.span.end :].startswith("Body.")
    assert shown(text) == ["Body."]


@pytest.mark.parametrize(
    ("front", "values"),
    [
        ("title: Trade: the round", {"title": "Trade: the round"}),
        ('title: "Trade": the round # note', {"title": '"Trade": the round'}),
        ("title: 'It's a deal'", {"title": "It's a deal"}),
        ("title: [Updated] The vote", {"title": "[Updated] The vote"}),
        ("title: [unclosed", {"title": "[unclosed"}),
        ("title: @mayor\nsource: %x\nauthor: `y`", {"title": "@mayor", "source": "%x", "author": "`y`"}),
        ("title:\tT\ndate:\t2020", {"title": "T", "date": "2020"}),
        ("\ttitle: T\n\tdate: 2020", {"title": "T", "date": "2020"}),
        ("title: T: x\n date: 2020", {"title": "T: x", "date": "2020"}),
        ("title:T\ndate:2020", {"title": "T", "date": "2020"}),
        ("title: T: x\n  goes on", {"title": "T: x goes on"}),
        ("title: T: x\nauthor:\n- A\n- B", {"title": "T: x", "author": ["A", "B"]}),
        ("title: T: x\nauthor:\n  - @a\n  - B", {"title": "T: x", "author": ["@a", "B"]}),
        ("title: T: x\nabout: >\n  two\n\n  lines\ntags: [a]", {"title": "T: x", "about": "two lines", "tags": ["a"]}),
        ("title: T: x\nauthor:\n  name: N", {"title": "T: x", "author": {"name": "N"}}),
        ("title: *nothing", {"title": "*nothing"}),
        ("# a comment\ntitle: T: x", {"title": "T: x"}),
    ],
)  # fmt: skip
def test_what_is_no_yaml_is_read_line_by_line_and_that_is_told(front: str, values: dict[str, object]) -> None:
    found = front_matter(f"---\n{front}\n---\nBody.\n")
    assert found.values == values
    assert found.notes[0].startswith(
        f"its front matter is no valid YAML and was read line by line: {', '.join(values)}"
    )
    assert shown(f"---\n{front}\n---\nBody.\n") == ["Body."]


def test_toml_is_read_and_if_it_is_none_line_by_line() -> None:
    found = front_matter('+++\r\ntitle = "A: b"\r\nauthors = ["A", "B"]\r\n+++\r\nBody.')
    assert (found.values, found.notes) == ({"title": "A: b", "authors": ["A", "B"]}, ())
    found = front_matter("+++\ntitle = A: b\ndate = 2020-03-04\n+++\nBody.")
    assert found.values == {"title": "A: b", "date": "2020-03-04"}
    assert "no valid TOML" in found.notes[0]


def test_a_line_that_is_no_key_is_named() -> None:
    found = front_matter("---\ntitle: A\nA line of other words that nobody meant as a key\ndate: 2020\n---\nBody.")
    assert found.values == {"title": "A", "date": "2020"}
    assert found.notes[0].endswith("not understood: “A line of other words that nobody meant as a key”")


def test_a_key_that_stands_twice_is_told() -> None:
    found = front_matter("---\ntitle: A\ntitle: B\n---\nBody.")
    assert (found.values["title"], found.notes) == (
        "B",
        ("its front matter has title more than once; the last counts",),
    )
    assert len(front_matter("---\ntitle: A: x\ntitle: B\n---\nBody.").notes) == 2


@pytest.mark.parametrize(
    "rest", ["Body one.\n\nTwo.", "Body one.\n\n---\n\nTwo.", "Body one.\n\n---\nname: x\n---\n\nTwo."]
)
@pytest.mark.parametrize("gap", ["\n", ""])
def test_where_its_end_is_missing_the_text_begins_with_the_first_line_that_is_no_key(rest: str, gap: str) -> None:
    text = f"---\ntitle: A\ndate: 2020-03-04\n{gap}{rest}"
    found = front_matter(text)
    if not gap and "---" in rest:
        assert "Body one." in found.notes[0]
        return
    assert found.values == {"title": "A", "date": "2020-03-04"}
    assert "has no closing ---" in found.notes[0]
    assert shown(text)[0] == "Body one."
    assert "Two." in shown(text)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("---\nA paragraph between two rules.\n---\nBody.\n", ["A paragraph between two rules.", "Body."]),
        ("---\nHe said: we go: now. Then left.\n---\nBody.\n", ["He said: we go: now. Then left.", "Body."]),
        ("---\nUpdate: the council voted.\n---\nBody.\n", ["Update: the council voted.", "Body."]),
        (
            "---\n- The mayor resigned.\n- So did others.\n---\nBody.\n",
            ["The mayor resigned.", "So did others.", "Body."],
        ),
        ("---\nMayor: No.\nReporter: Why?\n---\nBody.\n", ["Mayor: No.\nReporter: Why?", "Body."]),
        ("---\n# The bridge\n---\nBody.\n", ["The bridge", "Body."]),
        ("Body.\n\n---\ntitle: x\n---\n", ["Body.", "title: x"]),
        ("---\n\nBody: yes.\n", ["Body: yes."]),
        (f"---\n{'[' * 1500}\n---\nBody.\n", ["[" * 1500, "Body."]),
    ],
)
def test_prose_is_not_front_matter(text: str, seen: list[str]) -> None:
    assert front_matter(text).span.end == 0
    assert shown(text) == seen


@pytest.mark.parametrize(
    "empty", ["", "\n", "layout: post\ndraft: true\n", "title:\n", 'n: !!int ""\n', "when: 2025-13-45\n"]
)
def test_front_matter_that_says_nothing_is_out_of_view(empty: str) -> None:
    assert shown(f"---\n{empty}---\nBody.\n") == ["Body."]
    assert front_matter(f"---\n{empty}---\nBody.\n").notes == ()


@pytest.mark.parametrize("end", ENDS)
def test_first_lines_of_keys_say_what_a_text_is(end: str) -> None:
    text = "Title: Trade: the round\nByline: Ann Lee\nDate: 5 March 2024\nSection: Local\n\nThe bridge: closed.\n"
    text = text.replace("\n", end)
    found = front_matter(text)
    assert found.values == {
        "Title": "Trade: the round",
        "Byline": "Ann Lee",
        "Date": "5 March 2024",
        "Section": "Local",
    }
    assert found.notes == ("its first lines say what it is: Title, Byline, Date, Section",)
    assert text[found.span.end :].strip() == "The bridge: closed."
    assert shown(text) == ["The bridge: closed."]


@pytest.mark.parametrize(
    "text",
    [
        "Mayor: No.\nReporter: Why?\n\nMore.",
        "Date: 5 March\nPlace: Town hall\n\nThe meeting began.",
        "Title: A\nDate: 2024\n",
        "Title: A\nDate: 2024\nThe bridge is closed.\n\nMore.",
        "Title: A\nDate: 2024\nTitle: B\n\nMore.",
        "Title:\nDate:\n\nMore.",
        "The bridge: closed.\n\nTitle: A\nDate: B\n\nMore",
    ],
)
def test_other_first_lines_are_text(text: str) -> None:
    assert front_matter(text).span.end == 0
