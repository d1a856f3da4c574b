"""A run that is killed at any moment: nothing deleted, stale or doubled is shown, and the next run finishes it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from indexing import collection as collections
from indexing import ingest
from indexing.catalogue import Catalogue
from indexing.collection import Collection
from indexing.ingest import Options, index
from indexing.lock import OwnerLock
from indexing.vectors import VectorIndex
from indexing.words import TextIndex, WordIndex
from tests.forked import run, start
from tests.hashing import HashingEmbedder
from tests.state import QUESTIONS, State, state, three_stores_agree

BATCH = 8  # chunks: a run of these tests commits several times
KILLS_AT_RANDOM = int(os.environ.get("ONRECORD_KILLS", "6"))  # 50 take some minutes, over 300 documents
STAGES: dict[str, tuple[type, str]] = {
    "catalogue.add": (Catalogue, "add"),
    "vectors.add": (VectorIndex, "add"),
    "words.change": (WordIndex, "change"),
    "texts.change": (TextIndex, "change"),
    "catalogue.make_current": (Catalogue, "make_current"),
    "collection.retire": (Collection, "retire"),
    "vectors.remove": (VectorIndex, "remove"),
    "vectors.reach": (VectorIndex, "reach"),
    "words.reach": (WordIndex, "reach"),
    "texts.reach": (TextIndex, "reach"),
    "catalogue.forget_stale": (Catalogue, "forget_stale"),
    "catalogue.record_problems": (Catalogue, "record_problems"),
}
KILLS = (*((stage, "before") for stage in STAGES), ("catalogue.add", "after"))  # before a stage is after the last one


def sentence(number: int, edition: str) -> str:
    return f"Document number {number} of the {edition} edition tells of council bridge repairs in June."


def body(number: int, edition: str) -> str:
    return f"# Heading {number}\n\n" + " ".join(
        f"{sentence(number, edition)} It has sentence {n} about the mill that burnt." for n in range(number % 12 + 1)
    )


def first_edition(docs: Path) -> None:
    docs.mkdir()
    for number in range(40):
        (docs / f"{number:02}.md").write_text(body(number, "first"), encoding="utf-8")


def second_edition(docs: Path) -> None:
    """Edits, removals, additions, and an emptied file."""
    for number in range(0, 40, 3):
        (docs / f"{number:02}.md").write_text(body(number, "second"), encoding="utf-8")
    for number in range(1, 40, 9):
        (docs / f"{number:02}.md").unlink()
    for number in range(40, 46):
        (docs / f"{number:02}.md").write_text(body(number, "second"), encoding="utf-8")
    (docs / "05.md").write_text("", encoding="utf-8")


def allowed() -> set[str]:
    """Every text that a document may have while the second edition goes in."""
    return {body(number, edition) for number in range(46) for edition in ("first", "second")} - {
        body(number, "second") for number in range(46) if number % 3 and number < 40
    }


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `docs` in their second edition and a `home` that holds the first."""
    made = tmp_path_factory.mktemp("prepared")
    first_edition(made / "docs")
    with Collection(made / "home", HashingEmbedder(), create=True) as collection:
        index(collection, [made / "docs"])
    second_edition(made / "docs")
    return made


@pytest.fixture(scope="module")
def fresh(prepared: Path) -> State:
    """What a collection that was never killed holds."""
    with Collection(prepared / "fresh", HashingEmbedder(), create=True) as collection:
        index(collection, [prepared / "docs"])
        return state(collection)


@pytest.fixture
def place(tmp_path: Path, prepared: Path) -> Path:
    """A copy of the home beside which the documents stand."""
    subprocess.run(["cp", "-a", str(prepared / "home"), str(tmp_path / "home")], check=True)
    return tmp_path


def nothing_wrong_is_shown(home: Path, may_be: set[str]) -> None:
    """Look at all that searches return, first as a reader who may not tidy up, then as one who may."""
    with OwnerLock(home), Collection(home, HashingEmbedder()) as collection:
        look(collection, may_be)
    with Collection(home, HashingEmbedder()) as collection:
        three_stores_agree(collection)
        look(collection, may_be)


def look(collection: Collection, may_be: set[str]) -> None:
    for question in QUESTIONS:
        hits = collection.by_meaning(collection.embedder.question(question), 500)
        hits += collection.by_words(question, 500)
        shown = collection.passages(sorted({chunk_id for chunk_id, _ in hits})).values()
        assert shown
        assert len({(passage.document.id, passage.span) for passage in shown}) == len(shown), "doubled"
        for passage in shown:
            current = collection.document(passage.document.id)
            assert current == passage.document, "stale"
            assert passage.document.text in may_be
            assert passage.sentences[0].span.start == passage.span.start


def the_next_run_finishes(home: Path, docs: Path, fresh: State) -> None:
    with Collection(home, HashingEmbedder()) as collection:
        index(collection, [docs])
        three_stores_agree(collection)
        assert state(collection) == fresh
        assert index(collection, [docs]).unchanged == len(fresh.documents) == 40 - 5 + 6 - 1


def edit_some(docs: Path, chance: random.Random, edition: str) -> set[str]:
    """Edit, remove, add and rename a few documents; the new texts."""
    numbers = sorted(int(path.stem) for path in docs.iterdir())
    edited = chance.sample(range(numbers[-1] + 4), len(numbers) // 4)
    for number in edited:
        (docs / f"{number:03}.md").write_text(body(number, edition), encoding="utf-8")
    for number in chance.sample(numbers, len(numbers) // 20 + 1):
        (docs / f"{number:03}.md").unlink()
    for path in chance.sample(sorted(docs.iterdir()), 2):
        path.replace(docs / f"{chance.randint(0, numbers[-1]):03}.md")
    return {body(number, edition) for number in edited}


@pytest.mark.timeout(1800 if KILLS_AT_RANDOM >= 50 else 300)
def test_kills_at_random_moments_show_nothing_wrong_and_lose_nothing(tmp_path: Path) -> None:
    """One home is killed again and again, with edits in between; each run takes up what the one before left."""
    home, docs = tmp_path / "home", tmp_path / "docs"
    chance = random.Random(2)
    count = 300 if KILLS_AT_RANDOM >= 50 else 40
    docs.mkdir()
    may_be = {body(number, "first") for number in range(count)}
    for number in range(count):
        (docs / f"{number:03}.md").write_text(body(number, "first"), encoding="utf-8")
    with Collection(home, HashingEmbedder(), create=True) as collection:
        index(collection, [docs])
    killed = 0
    for kill in range(KILLS_AT_RANDOM):
        may_be |= edit_some(docs, chance, f"{kill}.")
        process, pipe = start(work, home, docs, "slowly")
        with pipe:
            assert pipe.recv() == "indexing"
            time.sleep(chance.uniform(0, 0.25 if count == 40 else 0.7))
            process.kill()
            process.join()
        killed += process.exitcode == -signal.SIGKILL
        nothing_wrong_is_shown(home, may_be)
    assert killed >= KILLS_AT_RANDOM // 2, "the pauses alone take longer than half of the waits"
    questions = [*QUESTIONS, *(sentence(number, f"{number % 7}.") for number in range(100))]
    with Collection(tmp_path / "fresh", HashingEmbedder(), create=True) as collection:
        index(collection, [docs], options=Options(prune=True))
        expected = state(collection, questions)
    with Collection(home, HashingEmbedder()) as collection:
        index(collection, [docs], options=Options(prune=True))
        three_stores_agree(collection)
        assert state(collection, questions) == expected
    print(f"{killed} of {KILLS_AT_RANDOM} runs were killed; {len(expected.documents)} documents at the end")


@pytest.mark.parametrize("at", KILLS, ids="-".join)
def test_a_kill_at_a_stage_shows_nothing_wrong_and_the_next_run_finishes(
    place: Path, prepared: Path, fresh: State, at: tuple[str, str]
) -> None:
    """The process ended in its second batch, without any cleaning up."""
    home, docs = place / "home", prepared / "docs"
    call = 1 if at[0] == "catalogue.record_problems" else 2
    assert run(work, home, docs, *at, call)[0] == 99
    nothing_wrong_is_shown(home, allowed())
    the_next_run_finishes(home, docs, fresh)


def test_a_kill_in_the_middle_of_mending_is_mended_as_well(place: Path, prepared: Path, fresh: State) -> None:
    home, docs = place / "home", prepared / "docs"
    run(work, home, docs, "catalogue.make_current", "after", 2)
    for stage in ("words.change", "catalogue.forget_stale"):
        assert run(work, home, docs, stage, "before", 1)[0] == 99
    nothing_wrong_is_shown(home, allowed())
    the_next_run_finishes(home, docs, fresh)


def dies_at(stage: str, when: str, call: int) -> None:
    """Make this process end without any cleaning up, before or after the n-th call of a stage."""
    owner, name = STAGES[stage]
    original: Callable[..., object] = getattr(owner, name)
    calls = 0

    def dying(*args: object, **kwargs: object) -> object:
        nonlocal calls
        calls += 1
        if calls == call and when == "before":
            os._exit(99)
        result = original(*args, **kwargs)
        if calls == call:
            os._exit(99)
        return result

    setattr(owner, name, dying)


def takes_its_time() -> None:
    """Pause at every stage, so that random kills fall between and into them all."""
    for owner, name in STAGES.values():
        setattr(owner, name, slowed(getattr(owner, name)))


def slowed(original: Callable[..., object]) -> Callable[..., object]:
    def slow(*args: object, **kwargs: object) -> object:
        time.sleep(0.02)
        return original(*args, **kwargs)

    return slow


def work(pipe: Connection, home: Path, docs: Path, *stop: str | int) -> None:
    """Index, to be killed at any moment (`slowly`) or to end before or after the n-th call of a stage."""
    ingest.BATCH = BATCH
    collections.BATCH = BATCH
    if len(stop) == 3:
        dies_at(str(stop[0]), str(stop[1]), int(stop[2]))
    else:
        takes_its_time()
    with Collection(home, HashingEmbedder()) as collection:
        pipe.send("indexing")
        index(collection, [docs], options=Options(prune=True))
