"""Embedders: unit rows, whatever makes them; what goes wrong is an EmbedError in a sentence, without the key."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from indexing.embed import BATCH, MINILM_SHA256, Embedder, Vectors, _checked, embedder
from indexing.errors import EmbedError
from tests.hashing import HashingEmbedder
from tests.openai_server import NOT_THE_PROTOCOL, OpenAIServer, Raw, Says, Status

KEY = "sk-very-secret"
MASKED = ("input_ids", "attention_mask")
TEXTS = (
    "The council closed the bridge.",
    "Work begins in June.",
    "Short",
    "",
    "The mill burnt down two years ago, and nobody has rebuilt it since; " * 12,
    "漢字と \U0001f600 emoji",
    "The bridge was closed by the council.",
)


@pytest.fixture(scope="module")
def minilm() -> Embedder:
    return embedder("minilm")


def lengths(rows: Vectors) -> Vectors:
    return np.asarray(np.linalg.norm(rows, axis=-1), dtype=np.float32)


def test_the_packaged_model_makes_unit_rows_of_its_dimension(minilm: Embedder) -> None:
    rows = minilm.passages(TEXTS)
    assert rows.shape == (len(TEXTS), 384)
    assert rows.dtype == np.float32
    assert (minilm.dimension, minilm.name) == (384, f"all-MiniLM-L6-v2-int8@{MINILM_SHA256[:12]}")
    np.testing.assert_allclose(lengths(rows), 1, atol=1e-5)
    question = minilm.question("What was closed?")
    assert question.shape == (384,)
    np.testing.assert_allclose(lengths(question), 1, atol=1e-5)
    assert minilm.passages([]).shape == (0, 384)


def test_near_texts_are_nearer_than_far_ones(minilm: Embedder) -> None:
    closed, june, *_, reworded = minilm.passages(TEXTS)
    assert closed @ reworded > 0.9 > 0.5 > closed @ june


def test_a_row_does_not_depend_on_what_is_embedded_with_it(minilm: Embedder) -> None:
    rows = minilm.passages(TEXTS)
    order = [4, 1, 6, 0, 5, 2, 3]
    np.testing.assert_array_equal(minilm.passages([TEXTS[place] for place in order]), rows[order])
    for text, row in zip(TEXTS, rows, strict=True):
        np.testing.assert_array_equal(minilm.passages([text])[0], row)


def test_the_same_texts_give_the_same_rows(minilm: Embedder) -> None:
    np.testing.assert_array_equal(minilm.passages(TEXTS), minilm.passages(TEXTS))


def packaged() -> tuple[Path, Path]:
    folder = Path(__file__).parent.parent / "indexing" / "minilm"
    return folder / "model.onnx", folder / "tokenizer.json"


def test_an_altered_model_file_is_refused(tmp_path: Path) -> None:
    copy = tmp_path / "model.onnx"
    shutil.copyfile(packaged()[0], copy)
    assert len(_checked(copy, MINILM_SHA256)) == copy.stat().st_size
    with copy.open("r+b") as file:
        file.seek(1000)
        file.write(b"altered")
    with pytest.raises(EmbedError, match=r"model\.onnx was altered .*install Onrecord again"):
        _checked(copy, MINILM_SHA256)
    with pytest.raises(EmbedError, match="cannot be read"):
        _checked(tmp_path / "missing.onnx", MINILM_SHA256)


def test_a_local_folder_gives_the_same_vectors_under_a_name_of_its_own(tmp_path: Path, minilm: Embedder) -> None:
    model, tokenizer = packaged()
    (tmp_path / "model.onnx").symlink_to(model)
    (tmp_path / "tokenizer.json").symlink_to(tokenizer)
    local = embedder(f"folder:{tmp_path}")
    assert local.name.startswith(f"{tmp_path.name}@")
    assert local.dimension == 384
    np.testing.assert_allclose(local.question(TEXTS[0]), minilm.question(TEXTS[0]), atol=1e-6)


def test_a_local_model_that_pads_and_masks_gives_each_text_its_own_row(tmp_path: Path) -> None:
    """Its hidden states are rows of a table plus how many tokens are no padding: what a mask lets through."""
    rng = np.random.default_rng(7)
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["b", "w"]) for name in MASKED]
    table = numpy_helper.from_array(rng.normal(size=(30522, 5)).astype(np.float32), "table")
    axes = numpy_helper.from_array(np.array([1], np.int64), "axes")
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["read"]),
        helper.make_node("ReduceSum", ["attention_mask", "axes"], ["count"], keepdims=1),
        helper.make_node("Cast", ["count"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["float", "axes"], ["many"]),
        helper.make_node("Add", ["read", "many"], ["hidden"]),
    ]
    hidden = helper.make_tensor_value_info("hidden", TensorProto.FLOAT, ["b", "w", 5])
    graph = helper.make_graph(nodes, "masked", inputs, [hidden], [table, axes])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    (tmp_path / "model.onnx").write_bytes(model.SerializeToString())
    (tmp_path / "tokenizer.json").symlink_to(packaged()[1])
    local = embedder(f"folder:{tmp_path}")
    rows = local.passages(TEXTS)
    assert len(TEXTS) > BATCH > 1
    for text, row in zip(TEXTS, rows, strict=True):
        np.testing.assert_allclose(local.passages([text])[0], row, atol=1e-6)


def test_a_folder_that_is_incomplete_or_holds_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EmbedError, match=r"model\.onnx is missing"):
        embedder(f"folder:{tmp_path}")
    (tmp_path / "model.onnx").write_bytes(b"not a model")
    with pytest.raises(EmbedError, match=r"tokenizer\.json is missing"):
        embedder(f"folder:{tmp_path}")
    (tmp_path / "tokenizer.json").write_bytes(packaged()[1].read_bytes())
    with pytest.raises(EmbedError, match="cannot be used"):
        embedder(f"folder:{tmp_path}")
    (tmp_path / "tokenizer.json").write_bytes(b"\xff\xfe not json")
    with pytest.raises(EmbedError, match="cannot be used"):
        embedder(f"folder:{tmp_path}")


@pytest.mark.parametrize("spec", ["", "maxilm", "folder:", "openai:", ":Class", "minilm:x:"])
def test_a_spec_that_names_nothing_is_refused(spec: str) -> None:
    with pytest.raises(EmbedError):
        embedder(spec)


def test_an_endpoint_is_asked_in_batches_and_its_rows_come_back_in_order() -> None:
    texts = [f"text number {n} about the {'bridge' if n % 2 else 'mill'}" for n in range(150)]
    with OpenAIServer(Says()) as server:
        remote = embedder("openai:small", url=server.url, key=KEY)
        rows = remote.passages(texts)
        assert remote.name == "small@127.0.0.1"
        assert rows.shape == (150, remote.dimension)
        np.testing.assert_allclose(lengths(rows), 1, atol=1e-5)
        for place in (0, 63, 64, 149):
            np.testing.assert_allclose(rows[place], remote.question(texts[place]), atol=1e-6)
        asked = [len(request.body["input"]) for request in server.requests[1:4]]
        assert asked == [64, 64, 22]
        assert {request.key for request in server.requests} == {KEY}


def test_a_refused_key_is_said_without_showing_it() -> None:
    refuses = Status(401, f"Incorrect API key provided: {KEY}")
    with OpenAIServer(refuses) as server, pytest.raises(EmbedError, match="HTTP 401") as caught:
        embedder("openai:small", url=server.url, key=KEY)
    assert "embed_key" in str(caught.value)
    assert KEY not in str(caught.value)
    assert caught.value.__suppress_context__, "nor in a traceback"


def test_an_endpoint_that_recovers_is_tried_again() -> None:
    with OpenAIServer(Status(500, retry_after="0"), Status(429, retry_after="0"), Says()) as server:
        assert embedder("openai:small", url=server.url, key=KEY).dimension > 1
        assert len(server.requests) == 3


def _entries(*entries: str) -> Raw:
    return Raw(f'{{"object": "list", "model": "m", "data": [{", ".join(entries)}]}}'.encode(), "application/json")


@pytest.mark.parametrize(
    "reply",
    [
        NOT_THE_PROTOCOL,
        Raw(b'{"data": "none"}', "application/json"),
        Raw(b"{", "application/json"),
        _entries(),
        _entries('{"object": "embedding", "index": 1, "embedding": [1.0]}'),
        _entries('{"object": "embedding", "index": 0, "embedding": ["x"]}'),
        _entries('{"object": "embedding", "index": 0, "embedding": null}'),
        _entries(*['{"object": "embedding", "index": 0, "embedding": [1.0]}'] * 2),
    ],
)
def test_an_endpoint_that_sends_something_else_is_an_embed_error(reply: Raw) -> None:
    with OpenAIServer(reply) as server, pytest.raises(EmbedError, match=r"127\.0\.0\.1 failed"):
        embedder("openai:small", url=server.url, key=KEY)


def test_vectors_of_differing_lengths_are_an_embed_error() -> None:
    two = _entries(
        '{"object": "embedding", "index": 0, "embedding": [1.0, 2.0]}',
        '{"object": "embedding", "index": 1, "embedding": [1.0]}',
    )
    with OpenAIServer(Says(), two) as server:
        remote = embedder("openai:small", url=server.url, key=KEY)
        with pytest.raises(EmbedError, match="differ in length"):
            remote.passages(["one", "two"])


def test_an_endpoint_that_is_not_there_is_an_embed_error() -> None:
    with OpenAIServer() as server:
        url = server.url
    with pytest.raises(EmbedError, match="APIConnectionError"):
        embedder("openai:small", url=url, key=KEY)


def test_the_public_endpoint_without_a_key_names_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(EmbedError, match="ONRECORD_EMBED_KEY"):
        embedder("openai:text-embedding-3-small")


@pytest.mark.filterwarnings("default::DeprecationWarning")
def test_any_llamaindex_embedding_can_be_named() -> None:
    mock = embedder("llama_index.core:MockEmbedding", options={"embed_dim": 7})
    assert mock.dimension == 7
    rows = mock.passages(["one", "two", "three"])
    assert rows.shape == (3, 7)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(lengths(rows), 1, atol=1e-5)


@pytest.mark.filterwarnings("default::DeprecationWarning")
@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("nobodys_package:Embedding", "nobodys_package is not installed; try: pip install nobodys-package"),
        ("llama_index.core:NobodysEmbedding", "has no NobodysEmbedding"),
        ("json:JSONDecoder", "not a LlamaIndex embedding"),
        ("llama_index.core:MockEmbedding", "cannot be made with these options"),
    ],
)
def test_a_llamaindex_embedding_that_cannot_be_had_is_said(spec: str, said: str) -> None:
    with pytest.raises(EmbedError, match=said):
        embedder(spec)


def test_the_hashing_embedder_of_these_tests_keeps_the_same_contract() -> None:
    hashing: Embedder = HashingEmbedder()
    rows = hashing.passages(TEXTS)
    np.testing.assert_allclose(lengths(rows), 1, atol=1e-5)
    np.testing.assert_array_equal(hashing.passages(TEXTS[::-1])[::-1], rows)
    np.testing.assert_array_equal(hashing.question(TEXTS[0]), rows[0])
