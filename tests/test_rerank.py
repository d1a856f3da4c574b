"""The second look: a real cross-encoder graph, real LlamaIndex postprocessors, and whatever may go wrong with them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing

from app.assistant import Assistant, build
from app.evidence.understanding import likelihoods
from app.language_models.destination import NOWHERE, destination
from app.retrieval.rerank import NAME, BySentences, CrossEncoder, reranked, reranker
from app.settings import Settings
from indexing.collection import Collection
from indexing.documents import Document, Hit, Metadata, Passage, Sentence
from indexing.embed import embedder
from indexing.errors import ModelError, UsageError
from indexing.ingest import index
from indexing.spans import Span

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "plain", "dull", "good", "marvel"]
CORE = "llama_index.core.postprocessor"


def field(number: int, value: int | bytes | str) -> bytes:
    """One field of a protocol buffer."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def varint(value: int) -> bytes:
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + varint(rest) if rest else bytes([low])


def tensor(name: str, kind: int, shape: Iterable[str]) -> bytes:
    dimensions = b"".join(field(1, field(2, each)) for each in shape)
    return field(1, name) + field(2, field(1, field(1, kind) + field(2, dimensions)))


def node(operator: str, inputs: Sequence[str], output: str, *attributes: bytes) -> bytes:
    return (
        b"".join(field(1, each) for each in inputs)
        + field(2, output)
        + field(4, operator)
        + b"".join(field(5, each) for each in attributes)
    )


def highest_token_of_the_passage(outputs: int = 1) -> bytes:
    """An ONNX model whose score of a pair is the largest token id of its second part."""
    whole = {"input_ids", "token_type_ids"}
    axes = field(1, "axes") + field(8, 1) + field(20, 7)
    nodes = [
        node("Mul", ["input_ids", "token_type_ids"], "second"),
        node("Cast", ["second"], "number", field(1, "to") + field(3, 1) + field(20, 2)),
        node("ReduceMax", ["number"], "logits" if outputs == 1 else "one", axes),
    ]
    if outputs > 1:
        along = field(1, "axis") + field(3, 1) + field(20, 2)
        nodes.append(node("Concat", ["one"] * outputs, "logits", along))
    graph = (
        b"".join(field(1, each) for each in nodes)
        + field(2, "pairs")
        + b"".join(field(11, tensor(name, 7, ("batch", "width"))) for name in sorted(whole))
        + field(12, tensor("logits", 1, ("batch", "scores")))
    )
    return field(1, 6) + field(7, graph) + field(8, field(2, 11))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A cross-encoder that finds `marvel` in a passage better than `good`, and that better than all else."""
    made = tmp_path / "cross"
    made.mkdir()
    (made / "model.onnx").write_bytes(highest_token_of_the_passage())
    tokenizer = Tokenizer(WordLevel({word: place for place, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.save(str(made / "tokenizer.json"))
    return made


def passage(number: int, text: str, title: str = "") -> Passage:
    span = Span(0, len(text))
    document = Document(str(number), "v", f"{number}.txt", text, Metadata(title=title))
    return Passage(number, document, span, 0, (Sentence(span, (span,), "text", 0),))


PASSAGES = [passage(0, "plain dull"), passage(1, "good"), passage(2, "dull", title="marvel"), passage(3, "plain good")]


def test_a_cross_encoder_reads_question_and_passage_as_a_pair_title_included(folder: Path) -> None:
    # `marvel` in the question has no part in it: the scores are of the second part alone.
    assert CrossEncoder(folder)("marvel", PASSAGES) == [(2, 7.0), (1, 6.0), (3, 6.0), (0, 5.0)]


def test_more_pairs_than_a_batch_and_more_words_than_fit(folder: Path) -> None:
    many = [passage(number, "dull " * (3000 if number % 2 else 1) + "good") for number in range(20)]
    order = CrossEncoder(folder)("plain " * 3000, many)
    assert sorted(place for place, _ in order) == list(range(20))
    assert {place for place, score in order if score == 6.0} == set(range(0, 20, 2))  # the others' ends are cut off


def test_two_logits_are_for_and_against_and_more_are_refused(folder: Path) -> None:
    (folder / "model.onnx").write_bytes(highest_token_of_the_passage(2))
    assert CrossEncoder(folder)("plain", PASSAGES[:2]) == [(0, 0.0), (1, 0.0)]
    (folder / "model.onnx").write_bytes(highest_token_of_the_passage(3))
    with pytest.raises(ModelError, match="3 numbers for a pair"):
        CrossEncoder(folder)("plain", PASSAGES)


def test_a_folder_that_cannot_be_used_is_named(folder: Path) -> None:
    (folder / "model.onnx").write_bytes(b"no model")
    with pytest.raises(UsageError, match="cannot be used"):
        CrossEncoder(folder)
    (folder / "tokenizer.json").unlink()
    with pytest.raises(UsageError, match=r"tokenizer\.json is missing"):
        reranker(Settings(rerank=f"folder:{folder}"), likelihoods)


@pytest.mark.parametrize(
    ("spec", "options", "says"),
    [
        ("nonsense", {}, "neither reader, folder:PATH nor MODULE:CLASS"),
        ("no_such_package.rank:Ranker", {}, "pip install no-such-package"),
        (f"{CORE}:NoSuchClass", {}, "cannot be imported"),
        ("collections:OrderedDict", {}, "not a LlamaIndex node postprocessor"),
        (f"{CORE}:SimilarityPostprocessor", {"similarity_cutoff": "s3cret"}, "cannot be built from rerank_options"),
    ],
)
def test_a_reranker_that_cannot_be_built_says_why_and_tells_no_secret(
    spec: str, options: dict[str, object], says: str
) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        reranker(Settings(rerank=spec, rerank_options=options), likelihoods)
    assert "s3cret" not in str(caught.value)
    assert "s3cret" not in repr(Settings(rerank=spec, rerank_options=options))


def test_postprocessors_of_llama_index_order_and_leave_out() -> None:
    reorder = reranker(Settings(rerank=f"{CORE}:LongContextReorder"), likelihoods)
    assert reorder is not None
    assert sorted(place for place, _ in reorder("plain", PASSAGES)) == [0, 1, 2, 3]
    assert [place for place, _ in reorder("plain", PASSAGES)] != [0, 1, 2, 3]
    cut = reranker(
        Settings(rerank=f"{CORE}:SimilarityPostprocessor", rerank_options={"similarity_cutoff": 0.6}), likelihoods
    )
    assert cut is not None
    assert [place for place, _ in cut("plain", PASSAGES)] == [0, 1]


@given(st.lists(st.floats(0, 1), min_size=4, max_size=4))
def test_by_sentences_the_likeliest_answer_comes_first_and_ties_keep_their_order(values: list[float]) -> None:
    said = dict(zip(("plain dull", "good", "dull", "plain good"), values, strict=True))
    order = BySentences(lambda _question, texts, _before: [said[one] for one in texts])("plain", PASSAGES)
    assert sorted(place for place, _ in order) == [0, 1, 2, 3]
    assert [score for _, score in order] == sorted((score for _, score in order), reverse=True)
    alike = BySentences(lambda _question, texts, _before: [values[0]] * len(texts))("plain", PASSAGES)
    assert [place for place, _ in alike] == [0, 1, 2, 3]


def test_the_shipped_reader_orders_passages_by_what_answers() -> None:
    reorder = reranker(Settings(rerank="reader", reader=""), likelihoods)
    assert reorder is not None
    told = [
        passage(0, "The mill by the river is old."),
        passage(1, "The mill was sold for 40,000 crowns.", title="Mill"),
    ]
    assert [place for place, _ in reorder("For how much was the mill sold?", told)] == [1, 0]


@given(st.permutations(range(6)), st.integers(0, 6))
def test_a_new_order_keeps_every_hit_and_the_scores_of_the_places(order: list[int], kept: int) -> None:
    hits = [Hit(passage(number, "plain"), 1 - number / 10, ()) for number in range(6)]
    made = reranked(hits, [(place, 9.0 - rank) for rank, place in enumerate(order[:kept])])
    left = [place for place in range(6) if place not in order[:kept]]
    assert [hit.passage.chunk_id for hit in made] == [*order[:kept], *left]
    assert [hit.score for hit in made] == [hit.score for hit in hits]
    assert [[rank.ranking for rank in hit.how] for hit in made] == [[NAME]] * kept + [[]] * len(left)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    docs = tmp_path / "docs"
    docs.mkdir()
    for number in range(12):
        word = "marvel" if number == 7 else "dull"
        (docs / f"{number}.txt").write_text(f"The harbour of town {number} is {word} in winter.", encoding="utf-8")
    with Collection(tmp_path / "home", embedder("minilm"), create=True) as collection:
        index(collection, [docs])
    return tmp_path / "home"


def asked(home: Path, **settings: object) -> tuple[Assistant, dict[str, object]]:
    assistant = build(Settings.model_validate({"home": home, **settings}))
    with assistant.collection:
        return assistant, json.loads(json.dumps(assistant.ask("How is the harbour in winter?").as_json()))


def test_what_it_puts_first_is_first_and_says_so(home: Path, folder: Path) -> None:
    _, answer = asked(home, rerank=f"folder:{folder}")
    first = answer["retrieved"][0]  # type: ignore[index]
    assert first["file"] == "7.txt"
    assert {"ranking": NAME, "place": 1, "score": 7.0} in first["how"]


def test_when_it_fails_the_answer_is_there_all_the_same_with_a_notice(home: Path, folder: Path) -> None:
    (folder / "model.onnx").write_bytes(highest_token_of_the_passage(3))
    _, plain = asked(home)
    _, answer = asked(home, rerank=f"folder:{folder}")
    assert answer["retrieved"] == plain["retrieved"]
    assert [text for text in answer["notices"] if "own order" in text]  # type: ignore[attr-defined]


def test_the_page_tells_where_passages_may_go() -> None:
    assert destination(Settings(rerank="folder:x")) == NOWHERE
    told = destination(Settings(rerank="some.cloud:Rerank", rerank_options={"base_url": "https://rank.example/v1"}))
    assert told == "Questions and passages are sent to rank.example"
    assert "some.cloud:Rerank" in destination(Settings(rerank="some.cloud:Rerank"))
