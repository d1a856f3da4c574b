"""`bench scale` in small: the collection it builds is sound, its report says what was measured."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from eval.__main__ import main
from eval.benchmarks.bench import bench_index, index_report
from eval.benchmarks.embedding import against_torch
from eval.benchmarks.machine import memory_mb
from eval.benchmarks.scale import CHUNKS, SENTENCES, GivenVectors, World, bench_scale, build, scale_report
from indexing.collection import Collection
from tests.folders import write
from tests.state import three_stores_agree


def test_the_world_follows_from_its_seed() -> None:
    one, same, other = (World(500, seed).batch(range(5)) for seed in (1, 1, 2))
    assert [item.document for item in one.prepared] == [item.document for item in same.prepared]
    assert np.array_equal(one.chunks, same.chunks)
    assert one.prepared[0].document.text != other.prepared[0].document.text


def test_synthetic_documents_are_as_indexing_would_have_them() -> None:
    batch = World(500, 1).batch(range(3))
    assert batch.chunks.shape == (3 * CHUNKS, 384)
    assert batch.sentences.shape == (3 * CHUNKS * SENTENCES, 384)
    for rows in (batch.chunks, batch.sentences):
        assert np.linalg.norm(rows, axis=1) == pytest.approx(1.0, abs=1e-5)
    for item in batch.prepared:
        text = item.document.text
        assert [chunk.span.of(text) for chunk in item.chunks] == [chunk.text for chunk in item.chunks]
        assert all(one.visible(text).endswith(".") and one.visible(text)[0].isupper() for one in item.sentences)
        assert [chunk.first for chunk in item.chunks] == list(range(0, len(item.sentences), SENTENCES))


def test_what_is_built_is_a_sound_collection(tmp_path: Path) -> None:
    with Collection(tmp_path, GivenVectors(), create=True) as collection:
        seconds = build(collection, World(300, 1), 300)
        assert set(seconds) == {"catalogue", "vectors", "words", "texts"}
        assert collection.catalogue.count_chunks() == 300
        three_stores_agree(collection)


def test_the_report_tells_stores_searches_and_memory() -> None:
    result = bench_scale(1200, 5, 1)
    assert (result["chunks"], result["documents"]) == (1200, 120)
    shares = {told: one["share"] for told, one in result["searches"].items()}
    assert shares["no filter"] == 1.0
    assert shares["1 % pass"] < shares["10 % pass"] < shares["90 % pass"] < 1.0
    assert shares["90 % pass"] == pytest.approx(0.9, abs=0.1)
    for one in result["searches"].values():
        assert one["n"] == 5
        assert one["p50"] <= one["p95"] <= one["max"]
        assert one["share"] == 0 if one["recall"] is None else one["recall"] >= 0.95
    assert all(size > 0 for size in (*result["size_mb"].values(), result["rows_mb"]))
    told = scale_report(result)
    assert "1200 chunks" in told and "90 % pass" in told and "recall" in told


def test_the_command_prints_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "scale", "--chunks", "200", "--queries", "2", "--json"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["chunks"] == 200
    assert "200 chunks in" in printed.err


def test_memory_is_told_in_megabytes() -> None:
    memory = memory_mb()
    assert set(memory) == {"own", "mapped"}
    assert 10 < memory["own"] < 100_000 or np.isnan(memory["own"])


def test_the_harness_measures_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "harness", "--items", "20", "--json"]) == 0
    few, all_ = json.loads(capsys.readouterr().out)["runs"]
    assert (few["items"], all_["items"]) == (2, 20)
    assert all_["overhead_ms"]["n"] == 20
    assert all_["peak_mb"] > 10


FAKE = """
import numpy
class SentenceTransformer:
    def __init__(self, name, device): assert (name, device) == ("sentence-transformers/all-MiniLM-L6-v2", "cpu")
    def encode(self, texts, **_): return numpy.zeros((len(texts), 384))
"""


def test_bench_index_tells_speed_memory_at_times_as_many_and_torch_where_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docs = write(
        tmp_path / "docs", {f"{n}.txt": f"The mill number {n} burnt down. Nobody rebuilt it." for n in range(3)}
    )
    without = against_torch(tmp_path)
    if importlib.util.find_spec("torch") is None:
        assert without == "not compared: torch and sentence_transformers not installed here"
    modules = write(tmp_path / "modules", {"torch.py": "", "sentence_transformers.py": FAKE})
    monkeypatch.syspath_prepend(modules)
    monkeypatch.setenv("PYTHONPATH", str(modules))
    result = bench_index(docs, 3, 1, 1, 2)
    assert (result["memory"]["once"]["documents"], result["memory"]["more"]["documents"]) == (3, 6)
    assert result["memory"]["growth_mb"] == result["memory"]["more"]["peak_mb"] - result["memory"]["once"]["peak_mb"]
    embedded = result["sentence_transformers"]
    assert embedded["ours"]["chunks"] == embedded["theirs"]["chunks"] == result["onrecord"][0]["chunks"] == 3
    assert min(embedded["times"]) <= embedded["median"] <= max(embedded["times"])
    told = index_report(result)
    for words in ("unchanged again", "an edited article", "at 2 times as many", "sentence-transformers in single"):
        assert words in told
    assert "not compared: no torch" in index_report({**result, "sentence_transformers": "not compared: no torch"})
    write(modules, {"sentence_transformers.py": "class SentenceTransformer: pass"})
    assert against_torch(docs) == "not compared: sentence_transformers ended with code 1; its own words are above"


def test_bench_scale_goes_on_in_a_folder_that_is_kept(tmp_path: Path) -> None:
    assert bench_scale(100, 1, 1, tmp_path)["there_before"] == 0
    result = bench_scale(300, 1, 1, tmp_path)
    assert (result["there_before"], result["chunks"]) == (100, 300)
    assert "100 of the chunks were built before" in scale_report(result)
    with Collection(tmp_path, GivenVectors()) as collection:
        three_stores_agree(collection)
