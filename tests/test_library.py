"""The library: every document and problem is listed, files come in and go again, names cannot leave their folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.settings import Settings
from app.web import library
from indexing.catalogue import Catalogue
from indexing.collection import CATALOGUE, Collection
from indexing.embed import embedder
from indexing.errors import OnrecordError, TooLargeError
from indexing.schema import Problem


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Of a home with an empty collection."""
    with Collection(tmp_path / "home", embedder("minilm"), create=True):
        pass
    return Settings(home=tmp_path / "home")


def given_files(folder: Path, files: dict[str, bytes]) -> list[tuple[str, Path]]:
    folder.mkdir(exist_ok=True)
    pairs = [(name, folder / str(number)) for number, name in enumerate(files)]
    for (_, path), content in zip(pairs, files.values(), strict=True):
        path.write_bytes(content)
    return pairs


def report(work: Any) -> dict[str, Any]:
    *_, last = work
    assert isinstance(last, dict)
    return last


@given(st.text(max_size=300))
def test_a_name_stays_in_its_folder_and_is_one(name: str) -> None:
    safe = library.safe_name(name)
    assert safe and len(safe) <= library.LONGEST_NAME
    assert Path(safe).name == safe and not safe.startswith(".")
    assert safe.isprintable()
    assert library.safe_name(safe) == safe


def test_files_come_in_are_listed_replaced_and_go_again(tmp_path: Path, settings: Settings) -> None:
    files = {"../../note.md": b"The mayor said the bridge opens in May.", "broken.pdf": b"%PDF-1.4 no"}
    first = report(library.add(settings, given_files(tmp_path / "given", files)))
    assert (first["added"], first["failed"]) == (1, 1)
    assert library.uploaded(settings) == ["broken.pdf", "note.md"]
    again = report(library.add(settings, given_files(tmp_path / "more", {"note.md": b"The bridge opens in June."})))
    assert again["changed"] == 1
    catalogue = Catalogue(settings.home / CATALOGUE, create=False)
    shown = library.shelf(catalogue)
    assert [one.name for one in shown.documents] == ["note.md"]
    page = library.as_html(shown)
    assert "Not in the index (1)" in page and "broken.pdf" in page
    gone = report(library.remove(settings, ["note.md", "broken.pdf"]))
    assert gone["removed"] == 1
    assert "The library is empty" in library.as_html(library.shelf(catalogue))
    catalogue.close()


def test_what_did_not_go_in_stands_first_and_much_of_it_is_folded() -> None:
    problems = tuple(Problem(f"/docs/{number}.xyz", "skipped", "no format", "convert it") for number in range(8))
    page = library.as_html(library.Shelf((), 3, {}, problems[:5]))
    assert page.index("4.xyz") < page.index("3 documents") and "<details>" not in page
    page = library.as_html(library.Shelf((), 3, {}, problems))
    assert page.index("4.xyz") < page.index("<details><summary>3 more</summary>") < page.index("5.xyz")


def test_what_was_not_added_here_is_not_removed_here(settings: Settings) -> None:
    with pytest.raises(OnrecordError, match="was not added here"):
        report(library.remove(settings, ["../catalogue.sqlite"]))
    assert (settings.home / CATALOGUE).is_file()


def test_a_file_that_is_too_large_is_refused_in_words(tmp_path: Path, settings: Settings) -> None:
    small = settings.model_copy(update={"max_document_mb": 0.001})
    with pytest.raises(TooLargeError, match=r"larger than 0\.001 MB"):
        report(library.add(small, given_files(tmp_path / "given", {"big.txt": b"x" * 2000})))
    assert library.uploaded(small) == []


def test_a_copy_that_went_with_another_upload_of_the_same_file_is_asked_for_again(
    tmp_path: Path, settings: Settings
) -> None:
    with pytest.raises(OnrecordError, match="send it again"):
        report(library.add(settings, [("a.md", tmp_path / "gone")]))
    assert not library.uploaded(settings)


def test_each_server_has_a_place_of_its_own_for_uploads_that_goes_with_it() -> None:
    said = "import os, app.ui.place; print(os.environ['GRADIO_TEMP_DIR'], os.path.isdir(os.environ['GRADIO_TEMP_DIR']))"
    clean = {name: value for name, value in os.environ.items() if name != "GRADIO_TEMP_DIR"}
    told = [
        subprocess.run(
            [sys.executable, "-c", said], env=clean, capture_output=True, text=True, check=True
        ).stdout.split()
        for _ in range(2)
    ]
    assert told[0][0] != told[1][0]
    assert [there for _, there in told] == ["True", "True"]
    assert not any(Path(folder).exists() for folder, _ in told)


def test_a_search_leaves_what_holds_all_its_words(seeds_home: Path) -> None:
    catalogue = Catalogue(seeds_home / CATALOGUE, create=False)
    everything = library.shelf(catalogue)
    found = library.shelf(catalogue, "PUTIN 2025-05")
    assert everything.total == found.total == 5
    assert [one.name for one in found.documents] == ["monday-call-and-sanctions.md"]
    assert "1 of 5 documents" in library.as_html(found)
    assert "Nothing matches" in library.as_html(library.shelf(catalogue, "nowhere"))
    catalogue.close()
