"""Which sources or authors a name means: as a reader would expect it to be read, and never by a part of a word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexing.whose import folded, meant

AUTHORS = [
    *("Dan Marn", "Emma Marn", "By RUTH ORTEGA", "Nolan D. Verhoeven", "Renée Müller", "Siân O’Neil"),
    *("Marnell", "Łukasz Żak", "Dan Marn, Tim Orr and Ida Moe"),
    *("Smith, John", "Mary Ann Smith", "Jo", "Ida Moe, CITY TIMES", "漢字 太郎", "?!"),
]  # fmt: skip
SOURCES = ["The Harbour Post", "Harbour Post Magazine", "Morning Post", "harbour-courier", "Post"]


@pytest.mark.parametrize(
    ("given_name", "names"),
    [
        ("Dan Marn", ("Dan Marn", "Dan Marn, Tim Orr and Ida Moe")),
        ("dan marn", ("Dan Marn", "Dan Marn, Tim Orr and Ida Moe")),
        ("Marn", ("Dan Marn", "Emma Marn", "Dan Marn, Tim Orr and Ida Moe")),
        ("Marn, Dan", ("Dan Marn", "Dan Marn, Tim Orr and Ida Moe")),
        ("Dan Marn, Tim Orr and Ida Moe", ("Dan Marn, Tim Orr and Ida Moe",)),
        ("ida moe", ("Dan Marn, Tim Orr and Ida Moe", "Ida Moe, CITY TIMES")),
        ("Ruth Ortega", ("By RUTH ORTEGA",)),
        ("Nolan Verhoeven", ("Nolan D. Verhoeven",)),
        ("Renee Muller", ("Renée Müller",)),
        ("Sian O'Neil", ("Siân O’Neil",)),
        ("oneil", ("Siân O’Neil",)),
        ("Lukasz Zak", ("Łukasz Żak",)),
        ("John Smith", ("Smith, John",)),
        ("Smith", ("Smith, John", "Mary Ann Smith")),
        ("Jo", ("Jo",)),
        ("太郎", ("漢字 太郎",)),
        ("?!", ("?!",)),
        ("Mar", ()),
        ("Marn Dan Emma", ()),
        ("Tim Moe", ()),
        ("", ()),
    ],
)
def test_a_name_means_who_is_called_so(given_name: str, names: tuple[str, ...]) -> None:
    assert meant(given_name, AUTHORS) == names


@pytest.mark.parametrize(
    ("given_name", "names"),
    [
        ("Harbour Post", ("The Harbour Post",)),
        ("post", ("Post",)),
        ("The Post", ("Post",)),
        ("Harbour", ("The Harbour Post", "Harbour Post Magazine", "harbour-courier")),
        ("Harbour Courier", ("harbour-courier",)),
    ],
)
def test_a_source_is_meant_without_its_article(given_name: str, names: tuple[str, ...]) -> None:
    assert meant(given_name, SOURCES) == names


@given(st.lists(st.text(max_size=12), max_size=5), st.text(max_size=12))
def test_whoever_is_known_is_meant_by_the_whole_name_and_only_who_is_known_is(known: list[str], name: str) -> None:
    assert set(meant(name, known)) <= set(known)
    for one in known:
        assert one in meant(one, known) or not folded(one)
