"""Prompts are filled strictly and only once."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import prompts
from prompts import expand, fill, fingerprint

NAMES = sorted(path.stem for path in Path(prompts.__file__).parent.glob("*.txt"))


@given(st.text(), st.text())
def test_a_value_stands_in_the_text_as_it_is_even_where_it_looks_like_a_placeholder(first: str, second: str) -> None:
    filled = expand("<{{first}}|{{second}}|{{first}}>", {"first": first + "{{second}}", "second": second})
    assert filled == f"<{first}{{{{second}}}}|{second}|{first}{{{{second}}}}>"


@pytest.mark.parametrize(
    ("template", "values", "complaint"),
    [
        ("{{question}} {{passages}}", {"question": "q"}, "no value for passages"),
        ("{{question}}", {"question": "q", "passages": "p"}, "does not use passages"),
        ("{{question}} {{ question }}", {"question": "q"}, "no placeholder"),
        ("{{question}} }}", {"question": "q"}, "no placeholder"),
    ],
)
def test_what_does_not_fit_exactly_is_an_error(template: str, values: dict[str, str], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        expand(template, values)


@pytest.mark.parametrize("name", ["no_such_prompt", "../prompts/answer", "", "Answer"])
def test_a_prompt_that_is_not_there_is_an_error(name: str) -> None:
    with pytest.raises(ValueError, match="there is no prompt"):
        fill(name)


def test_there_are_prompts_and_each_has_the_fingerprint_of_its_file() -> None:
    assert {"answer", "question"} <= set(NAMES)
    for name in NAMES:
        content = (Path(prompts.__file__).parent / f"{name}.txt").read_bytes()
        assert fingerprint(name) == hashlib.sha256(content).hexdigest()


def test_the_prompts_for_an_answer_agree_on_the_fence_and_the_refusal() -> None:
    system = fill("answer", form=fill("answer_text", refusal="I PASS"))
    user = fill("question", question="Who?", passages="[1.1] He.", reminder=fill("reminder_text"))
    assert "I PASS" in system
    assert "<passages>" in system and "<passages>\n[1.1] He.\n</passages>" in user
