"""Who is meant by a run of words with capitals: the person, not the office."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexing.people import People, after_office, name_of


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("Secretary of State Marta Ruiz", "Marta Ruiz"),
        ("Secretary of State Ruiz", "Ruiz"),
        ("Director of National Intelligence James R. Calder", "James R. Calder"),
        ("Minister of Defence Ulla von der Lahn", "Ulla von der Lahn"),
        ("Senator Marta Ruiz", "Marta Ruiz"),
        ("Prince of Orle", "Orle"),
    ],
)
def test_the_office_is_no_part_of_the_name(words: str, name: str) -> None:
    assert name_of(words.split()) == name


def test_a_surname_is_led_back_to_the_name_without_the_office() -> None:
    text = "The Secretary of State Marta Ruiz came late. Ruiz was tired. The Speaker of the House Paul Reiner left."
    people = People(text)
    assert people.resolve("Ruiz") == "Marta Ruiz" and people.resolve("Reiner") == "Paul Reiner"


@given(st.lists(st.sampled_from(["State", "Marta", "von", "R.", "Ruiz", "Health"]), min_size=1, max_size=6))
def test_what_is_kept_of_an_office_and_its_holder_is_its_end(words: list[str]) -> None:
    kept = after_office(words)
    assert kept and words[-len(kept) :] == kept
