"""Copies of one text: grouped whatever the order in which they came and went."""

from __future__ import annotations

import random
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexing.collection import Collection
from indexing.copies import all_groups, groups, labels, link_copies
from indexing.duplicates import ALIKE, PERMUTATIONS, SHORTEST, bands, likeness, share
from indexing.ingest import Options, index
from tests.conftest import Opener
from tests.folders import counts, id_of, write

WORDS = [f"w{n}" for n in range(3000)]


def story(seed: int, length: int = 200) -> list[str]:
    return random.Random(seed).choices(WORDS, k=length)


def edited(words: list[str], places: int, seed: int) -> list[str]:
    """With some words replaced, evenly spread; each takes three shingles."""
    words, chance = list(words), random.Random(seed)
    for place in range(places):
        words[place * len(words) // places] = chance.choice(WORDS)
    return words


def text(words: list[str]) -> str:
    return " ".join(words) + "."


def grouped(collection: Collection) -> set[frozenset[str]]:
    called = {entry.id: entry.name for entry in collection.catalogue.entries()}
    return {frozenset(called[one] for one in group) for group in all_groups(collection.catalogue)}


@given(st.text(max_size=300), st.integers(0, 5))
def test_case_and_punctuation_make_no_difference_and_short_texts_are_not_compared(tail: str, spaces: int) -> None:
    words = story(1, 60)
    whole = text(words) + tail
    assert likeness(whole) == likeness(whole)
    assert likeness(text(words)) == likeness((" " * spaces + "—, ").join(words).upper())
    assert likeness(" ".join(words[: SHORTEST - 1])) is None
    signature = likeness(whole)
    assert signature is not None
    assert share(signature, signature) == 1.0
    assert len(list(bands(signature))) == PERMUTATIONS // 8


def test_the_estimated_share_is_near_the_true_one() -> None:
    words = story(2, 400)
    for places in (4, 10, 40):
        other = edited(words, places, 3)
        ours, theirs = ({tuple(one[at : at + 3]) for at in range(len(one) - 2)} for one in (words, other))
        first, second = likeness(text(words)), likeness(text(other))
        assert first is not None and second is not None
        assert share(first, second) == pytest.approx(len(ours & theirs) / len(ours | theirs), abs=0.12)


def test_exact_and_near_copies_are_grouped_and_others_are_not(collection: Collection, tmp_path: Path) -> None:
    wire = story(1)
    docs = write(
        tmp_path / "docs",
        {
            "echo.txt": text(wire),
            "post.txt": text(wire),
            "star.txt": text(edited(wire, 2, 1)),
            "other.txt": text(story(2)),
            "short1.txt": "The same few words.",
            "short2.txt": "The same few words.",
        },
    )
    index(collection, [docs])
    group = {"echo.txt", "post.txt", "star.txt"}
    assert grouped(collection) == {frozenset(group)}
    ids = {name: id_of(collection, name) for name in (*group, "other.txt")}
    members = tuple(sorted(ids[name] for name in group))
    assert groups(collection.catalogue, ids.values()) == {ids[name]: members for name in group}
    assert labels(collection.catalogue, ids.values()) == {ids[name]: members[0] for name in group}


def test_a_group_splits_when_the_text_that_linked_it_goes_and_closes_when_it_comes_back(
    collection: Collection, tmp_path: Path
) -> None:
    first = story(1)
    middle = edited(first, 6, 1)
    last = edited(middle[::1], 7, 2)
    pairs = {name: likeness(text(words)) for name, words in (("first", first), ("middle", middle), ("last", last))}
    shares = {pair: share(a, b) for pair in combinations(pairs, 2) if (a := pairs[pair[0]]) and (b := pairs[pair[1]])}
    assert shares["first", "middle"] >= ALIKE <= shares["middle", "last"] and shares["first", "last"] < ALIKE
    docs = write(tmp_path / "docs", {"first.txt": text(first), "middle.txt": text(middle), "last.txt": text(last)})
    index(collection, [docs])
    assert grouped(collection) == {frozenset({"first.txt", "middle.txt", "last.txt"})}
    (docs / "middle.txt").unlink()
    index(collection, [docs])
    assert grouped(collection) == set()
    write(docs, {"middle.txt": text(middle)})
    index(collection, [docs])
    assert grouped(collection) == {frozenset({"first.txt", "middle.txt", "last.txt"})}


def test_of_three_copies_any_may_go(collection: Collection, tmp_path: Path) -> None:
    wire = story(1)
    near = text(edited(wire, 2, 1))
    for gone in ("a.txt", "b.txt", "near.txt"):
        docs = write(tmp_path / "docs", {"a.txt": text(wire), "b.txt": text(wire), "near.txt": near})
        index(collection, [docs])
        (docs / gone).unlink()
        index(collection, [docs])
        assert grouped(collection) == {frozenset({"a.txt", "b.txt", "near.txt"} - {gone})}


@pytest.mark.parametrize("seed", range(3))
def test_the_groups_after_any_changes_are_those_of_a_fresh_index(tmp_path: Path, opened: Opener, seed: int) -> None:
    chance = random.Random(seed)
    collection = opened(tmp_path / "home")
    docs = write(tmp_path / "docs", {"always.txt": text(story(99))})
    for _ in range(6):
        for _ in range(6):
            path = docs / f"{chance.randint(0, 11)}.txt"
            if chance.random() < 0.3:
                path.unlink(missing_ok=True)
            else:
                words = edited(story(chance.randint(0, 2)), chance.choice([1, 1, 2, 5, 8, 12]), chance.randint(0, 3))
                path.write_text(text(words), encoding="utf-8")
        index(collection, [docs], options=Options(prune=True))
        fresh = opened(tmp_path / f"fresh-{chance.random()}")
        index(fresh, [docs])
        assert grouped(collection) == grouped(fresh)
    for entry in (entries := collection.catalogue.entries()):
        group = groups(collection.catalogue, [entry.id]).get(entry.id)
        assert labels(collection.catalogue, [entry.id]) == ({entry.id: group[0]} if group else {})
    assert len(entries) > 3


def test_a_text_that_lies_there_many_times_costs_no_more_each_time(collection: Collection, tmp_path: Path) -> None:
    wire = text(story(1, 40))
    docs = write(tmp_path / "docs", {f"{n}.txt": wire for n in range(150)})
    assert counts(index(collection, [docs])) == {"added": 150}
    assert len(all_groups(collection.catalogue)[0]) == 150
    assert collection.catalogue.query("SELECT count(*) FROM signatures") == [(1,)]
    assert collection.catalogue.query("SELECT count(*) FROM copies") == [(0,)]
    (docs / "7.txt").unlink()
    index(collection, [docs])
    assert len(all_groups(collection.catalogue)[0]) == 149
    link_copies(collection.catalogue)
    assert len(all_groups(collection.catalogue)[0]) == 149


def test_near_copies_are_held_together_by_a_tree_of_links_also_when_what_held_them_goes(
    collection: Collection, tmp_path: Path
) -> None:
    wire, count = story(1), 60
    docs = write(tmp_path / "docs", {f"{n}.txt": text(edited(wire, 2, n)) for n in range(count)})
    index(collection, [docs])
    held = "SELECT name FROM documents d JOIN linked l ON l.document_id = d.id JOIN copies c ON l.signature IN "
    for left in (count, count - 1, count - 2):
        assert [len(group) for group in all_groups(collection.catalogue)] == [left]
        links, signatures = (
            collection.catalogue.query(f"SELECT count(*) FROM {table}")[0][0] for table in ("copies", "signatures")
        )
        assert links == signatures - 1 > count / 2
        most = collection.catalogue.query(f"{held} (c.first, c.second) GROUP BY d.id ORDER BY count(*) DESC LIMIT 1")
        (docs / most[0][0]).unlink()
        index(collection, [docs])
