"""The README's table of our suites: in its place, of metrics that exist, and made by a command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from eval import figures
from eval.arguments import SEEDS
from eval.judges import calibrations, canaries
from eval.metrics import BY_NAME
from indexing.errors import OnrecordError

README = Path(__file__).parent.parent / "README.md"


def test_the_readme_has_the_table_in_its_place() -> None:
    text = README.read_text(encoding="utf-8")
    inside = text.split(figures.BEGIN + "\n")[1].split(figures.END)[0]
    assert sum(line.startswith("|") for line in inside.split("\n")) == 2 + len(figures.SHOWN)
    assert all(f"`{name}`" in inside and name in BY_NAME for name in figures.SHOWN)


def test_a_table_is_measured_and_written_where_it_belongs(tmp_path: Path) -> None:
    found = figures.figures([figures.Shipped("off_topic", "tune", SEEDS)])
    assert found.startswith("| what | `off_topic` (20 items) |\n|---|---|\n")
    assert "| off-topic questions that are refused (`off_topic_refused`) | 1.000 [0.832, 1.000] (n 20) |" in found
    assert "recall_at_5" not in found  # no item of it has evidence
    page = tmp_path / "page.md"
    page.write_text(f"before\n{figures.BEGIN}\nold\n{figures.END}\nafter\n", encoding="utf-8")
    figures.write(page, found)
    figures.write(page, found)
    assert page.read_text(encoding="utf-8") == f"before\n{figures.BEGIN}\n{found}{figures.END}\nafter\n"


def test_a_document_without_a_place_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("text\n", encoding="utf-8")
    with pytest.raises(OnrecordError, match="place for the figures"):
        figures.write(page, "| |\n")
    assert page.read_text(encoding="utf-8") == "text\n"


def test_the_calibration_that_is_shipped_holds_rates_and_counts_and_no_texts() -> None:
    paths = list(calibrations.SHIPPED.glob("*.json"))
    assert paths
    for path in paths:
        found = calibrations.read(path)
        assert path.name.startswith(f"{found['judge']}-{found['fingerprint'][:16]}-") and not canaries.failed(
            found["canaries"]
        )
        words = [one for one in leaves(found) if isinstance(one, str)]
        assert set(words) == {found["judge"], "", found["fingerprint"], *found["data"].values()}


def leaves(value: Any) -> list[Any]:
    if isinstance(value, dict | list):
        return [leaf for one in (value.values() if isinstance(value, dict) else value) for leaf in leaves(one)]
    return [value]
