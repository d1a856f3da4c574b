"""A run that is killed at any moment: nothing deleted, stale or doubled is shown, and the next run finishes it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from indexing import collection as collections
from indexing import ingest
from indexing.catalogue import Catalogue
from indexing.collection import Collection
from indexing.ingest import index
from indexing.lock import OwnerLock
from indexing.vectors import VectorIndex
from indexing.words import WordIndex
from tests.hashing import HashingEmbedder
from tests.state import QUESTIONS, State, state, three_stores_agree

HERE = Path(__file__).parent.parent
BATCH = 8  # chunks: a run of these tests commits several times
STAGES: dict[str, tuple[type, str]] = {
    "catalogue.add": (Catalogue, "add"),
    "vectors.add": (VectorIndex, "add"),
    "words.change": (WordIndex, "change"),
    "catalogue.make_current": (Catalogue, "make_current"),
    "collection.retire": (Collection, "retire"),
    "vectors.remove": (VectorIndex, "remove"),
    "vectors.reach": (VectorIndex, "reach"),
    "words.reach": (WordIndex, "reach"),
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


def start(home: Path, docs: Path, *stop: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.test_kill", str(home), str(docs), *stop]
    return subprocess.Popen(command, cwd=HERE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def nothing_wrong_is_shown(home: Path) -> None:
    """Look at all that searches return, first as a reader who may not tidy up, then as one who may."""
    with OwnerLock(home), Collection(home, HashingEmbedder()) as collection:
        look(collection)
    with Collection(home, HashingEmbedder()) as collection:
        three_stores_agree(collection)
        look(collection)


def look(collection: Collection) -> None:
    may_be = allowed()
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


def test_kills_at_random_moments_show_nothing_wrong_and_lose_nothing(place: Path, prepared: Path, fresh: State) -> None:
    """One home is killed again and again; each run takes up what the one before left."""
    home, docs = place / "home", prepared / "docs"
    chance = random.Random(2)
    killed = 0
    for _ in range(8):
        with start(home, docs, "slowly") as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "indexing\n", process.stderr and process.stderr.read()
            time.sleep(chance.uniform(0, 0.25))
            process.send_signal(signal.SIGKILL)
        killed += process.returncode == -signal.SIGKILL
        nothing_wrong_is_shown(home)
    assert killed >= 4, "the pauses alone take longer than four of the waits"
    the_next_run_finishes(home, docs, fresh)


@pytest.fixture(scope="module")
def killed(prepared: Path) -> dict[tuple[str, str], tuple[Path, int, str]]:
    """For each of KILLS a home whose run died there: two at a time, since starting a process takes longest."""

    def kill(at: tuple[str, str]) -> tuple[Path, int, str]:
        home = prepared / "-".join(at)
        subprocess.run(["cp", "-a", str(prepared / "home"), str(home)], check=True)
        call = "1" if at[0] == "catalogue.record_problems" else "2"
        with start(home, prepared / "docs", *at, call) as process:
            _, errors = process.communicate(timeout=60)
        return home, process.returncode, errors

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(KILLS, pool.map(kill, KILLS), strict=True))


@pytest.mark.parametrize("at", KILLS, ids="-".join)
def test_a_kill_at_a_stage_shows_nothing_wrong_and_the_next_run_finishes(
    killed: dict[tuple[str, str], tuple[Path, int, str]], prepared: Path, fresh: State, at: tuple[str, str]
) -> None:
    """The process ended in its second batch, without any cleaning up."""
    home, returned, errors = killed[at]
    assert returned == 99, errors
    nothing_wrong_is_shown(home)
    the_next_run_finishes(home, prepared / "docs", fresh)


def test_a_kill_in_the_middle_of_mending_is_mended_as_well(place: Path, prepared: Path, fresh: State) -> None:
    home, docs = place / "home", prepared / "docs"
    with start(home, docs, "catalogue.make_current", "after", "2") as process:
        process.communicate(timeout=60)
    for stage in ("words.change", "catalogue.forget_stale"):
        with start(home, docs, stage, "before", "1") as process:
            process.communicate(timeout=60)
        assert process.returncode == 99
    nothing_wrong_is_shown(home)
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


def main() -> None:
    """`python -m tests.test_kill HOME DOCS [slowly | STAGE WHEN CALL]`: index, perhaps to be killed."""
    home, docs, *stop = sys.argv[1:]
    ingest.BATCH = BATCH
    collections.MEND_BATCH = BATCH
    if len(stop) == 3:
        dies_at(stop[0], stop[1], int(stop[2]))
    elif stop:
        takes_its_time()
    with Collection(Path(home), HashingEmbedder()) as collection:
        print("indexing", flush=True)
        index(collection, [Path(docs)])


if __name__ == "__main__":
    main()
