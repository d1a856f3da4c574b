"""Importers: every layout in small, of our own words; what comes out is a suite that runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from eval.__main__ import main
from eval.importers.kinds import KINDS
from eval.journal import read_records
from eval.judges.grounding import measure
from eval.reproduce import reproduce_mtrag, reproduce_ragtruth
from eval.stats import auroc
from eval.suite import Suite, SuiteError, load_suite
from tests.eval_runs import jsonl

MILL = "The mill burnt down in May. Nobody has rebuilt it."
BRIDGE = "The bridge was closed. Repairs cost 4 million euros."


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def written(path: Path, value: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def imported(kind: str, path: Path, out: Path) -> Suite:
    assert main(["import", kind, str(path), "--out", str(out)]) == 0
    return load_suite(out)


def test_squad_gives_paragraphs_exact_answers_and_near_misses(tmp_path: Path) -> None:
    qas = [
        {
            "id": "q1",
            "question": "When?",
            "answers": [{"text": "May", "answer_start": 23}, {"text": "in May", "answer_start": 20}],
        },
        {"id": "q2", "question": "Who did it?", "answers": [], "is_impossible": True},
    ]
    data = {"data": [{"title": "Old Mill", "paragraphs": [{"context": MILL, "qas": qas}]}]}
    suite = imported("squad", written(tmp_path / "squad.json", data), tmp_path / "s.jsonl")
    first, second = suite.items
    assert (first.type, first.answer, first.aliases, first.cluster) == ("single_fact", "May", ("in May",), "Old Mill")
    (evidence,) = first.evidence
    assert (evidence.quote, evidence.start) == ("May", 23)
    assert (tmp_path / "s-documents" / evidence.file).read_text(encoding="utf-8") == MILL
    assert second.type == "unanswerable_near"
    assert main(["run", str(tmp_path / "s.jsonl"), "--out", str(tmp_path / "run")]) == 0  # over its own documents
    records = list(read_records(tmp_path / "run"))
    assert records[0].evidence[0].spans == ((23, 26),)
    assert records[0].output is not None
    assert records[0].output.retrieved[0].text == MILL


def test_beir_gives_relevant_documents(tmp_path: Path) -> None:
    folder = tmp_path / "beir"
    jsonl(
        folder / "corpus.jsonl",
        [{"_id": "d1", "title": "Mill", "text": MILL}, {"_id": "d2", "title": "", "text": BRIDGE}],
    )
    jsonl(folder / "queries.jsonl", [{"_id": "q1", "text": "mill?"}, {"_id": "q2", "text": "never judged"}])
    (folder / "qrels").mkdir()
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t1\nq1\td2\t0\n", encoding="utf-8")
    suite = imported("beir", folder, tmp_path / "s.jsonl")
    (item,) = suite.items
    assert (item.id, [one.quote for one in item.evidence]) == ("q1", [f"Mill\n\n{MILL}"])
    (folder / "qrels" / "test.tsv").write_text("q1\td9\t1\n", encoding="utf-8")
    with pytest.raises(SuiteError, match=r"test\.tsv:1: the document 'd9' is not in corpus\.jsonl"):
        KINDS["beir"](folder)
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1 d1 1\n", encoding="utf-8")
    with pytest.raises(SuiteError, match=r"test\.tsv:2: not query, document and grade"):
        KINDS["beir"](folder)


def test_ragas_of_old_and_new_gives_references_and_recorded_answers(tmp_path: Path) -> None:
    old = {
        "question": "When?",
        "answer": "The mill burnt down in May.",
        "contexts": [MILL],
        "ground_truths": ["May", "in May"],
    }
    turns = [
        {"type": "human", "content": "The mill?"},
        {"type": "ai", "content": "Burnt."},
        {"type": "human", "content": "When?"},
    ]
    new = {
        "user_input": turns,
        "reference": "May",
        "reference_contexts": [MILL],
        "response": "May.",
        "retrieved_contexts": [],
    }
    suite = imported("ragas", jsonl(tmp_path / "r.jsonl", [old, new]), tmp_path / "s.jsonl")
    first, second = suite.items
    assert (first.answer, first.aliases, first.evidence) == ("May", ("in May",), ())
    assert [turn.content for turn in second.history] == ["The mill?", "Burnt."]
    assert [one.quote for one in second.evidence] == [MILL]
    answers = str(tmp_path / "s.answers.jsonl")
    assert main(["run", str(tmp_path / "s.jsonl"), "--answers", answers, "--out", str(tmp_path / "run")]) == 0
    one, other = read_records(tmp_path / "run")
    assert one.judged is not None
    assert other.judged is not None
    assert [(judged.support, judged.basis) for judged in one.judged] == [("supported", "retrieved")]
    assert [(judged.support, judged.basis) for judged in other.judged] == [("unsupported", "nothing")]
    with pytest.raises(SuiteError, match="sample 1: there is no question"):
        KINDS["ragas"](written(tmp_path / "bad.json", [{"answer": "May"}]))


def conversation(kind: str, number: int) -> dict[str, Any]:
    return {
        "conversation_id": "c1",
        "task_id": f"c1<::>{number}",
        "contexts": [{"document_id": "d1", "text": MILL}],
        "input": [
            {"speaker": "user", "text": "The mill?"},
            {"speaker": "agent", "text": "It burnt down."},
            {"speaker": "user", "text": "When?"},
        ],
        "targets": [{"speaker": "agent", "text": "In May."}],
        "Answerability": [kind],
    }


def test_mtrag_gives_conversations_by_what_can_be_answered(tmp_path: Path) -> None:
    kinds = ["ANSWERABLE", "PARTIAL", "UNANSWERABLE", "UNDERSPECIFIED", "CONVERSATIONAL"]
    tasks = [conversation(kind, number) for number, kind in enumerate(kinds)]
    suite = imported("mtrag", jsonl(tmp_path / "m.jsonl", tasks), tmp_path / "s.jsonl")
    assert [item.type for item in suite.items] == ["follow_up", "follow_up", "unanswerable", "underspecified"]
    assert [bool(item.evidence) for item in suite.items] == [True, True, False, False]
    assert suite.items[0].history[1].role == "assistant"
    assert {item.cluster for item in suite.items} == {"c1"}
    assert [path.name for path in (tmp_path / "s-documents").iterdir()] == ["d1.txt"]


def rated(task: str, model: str, response: str, people: list[int], judge: float) -> dict[str, Any]:
    ratings = {str(number): {"value": str(value)} for number, value in enumerate(people)}
    scores = {"faithfulness": ratings, "rl_f": {"composite": {"value": judge}}}
    return {"task_id": task, "model_id": model, "model_response": response, "annotations": scores}


def test_correlations_with_people_are_those_of_ranks(tmp_path: Path) -> None:
    tasks = [conversation("ANSWERABLE", 0), conversation("UNANSWERABLE", 1)]
    evaluations = [
        rated("c1<::>0", "a", "The mill burnt down.", [4, 4], 0.1),  # every word stands in the source
        rated("c1<::>0", "b", "The mill sank deep down.", [3, 2], 0.2),  # 3 of 5
        rated("c1<::>0", "c", "Ships never burnt.", [1, 1], 0.3),  # 1 of 3
        rated("c1<::>0", "reference", "Nonsense entirely.", [4, 4], 0.0),
        rated("c1<::>1", "a", "Nonsense entirely.", [4, 4], 0.0),
    ]
    documents = [{"document_id": "d1", "text": MILL}]
    path = written(tmp_path / "h.json", {"documents": documents, "tasks": tasks, "evaluations": evaluations})
    overlap, judge = reproduce_mtrag(path)
    assert (overlap["value"], overlap["n"]) == (1.0, 3)
    assert judge["value"] == -1.0
    measured = measure(path, None, None)["parts"]["mtrag"]
    assert (measured["n"], measured["spearman"]["floors"]["word_overlap"]) == (3, 1.0)
    assert measured["spearman"]["value"] > 0  # the faithful one comes first
    assert measured["spearman"]["low"] is None  # three answers: no interval
    suite = imported("mtrag", path, tmp_path / "s.jsonl")
    assert len(suite.items) == 2
    assert (tmp_path / "s.reference.answers.jsonl").is_file()


def test_ragtruth_gives_recorded_answers_with_what_people_marked(tmp_path: Path) -> None:
    good = {"response": "The mill burnt down in May.", "labels": []}
    bad = {"response": "Lightning struck the mill.", "labels": [{"start": 0, "end": 9}]}
    source = {"question": "What happened?", "passages": MILL}
    path = jsonl(tmp_path / "r.jsonl", [{"source_id": 7, "task": "qa", "source": source, "responses": [good, bad]}])
    suite = imported("ragtruth", path, tmp_path / "s.jsonl")
    assert [(item.id, item.question, item.cluster) for item in suite.items] == [
        ("7-0", "What happened?", "7"),
        ("7-1", "What happened?", "7"),
    ]
    answers = [json.loads(line) for line in (tmp_path / "s.answers.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [answer["label"] for answer in answers] == [
        {"supported": True, "spans": []},
        {"supported": False, "spans": [[0, 9]]},
    ]
    (found,) = reproduce_ragtruth(path)
    assert (found["value"], found["n"], found["flagged"]) == (1.0, 2, 1)
    assert auroc([1.0, 2.0], [1.0, 0.0]) == 0.875  # of four pairs three are right, and one is a tie


def test_ragtruth_is_read_as_released_too_with_its_sources_beside(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"id": "0", "source_id": "9", "model": "m", "labels": [], "split": "test", "response": "It burnt."},
        {"id": "1", "source_id": "9", "labels": [{"start": 0, "end": 2, "text": "It"}], "response": "It sank."},
    ]
    path = jsonl(tmp_path / "data" / "response.jsonl", rows)
    with pytest.raises(SuiteError, match=r"response\.jsonl:1: there is no source_info, and no source_info"):
        KINDS["ragtruth"](path)
    about = {"source_id": "9", "task_type": "Summary", "source": "CNN/DM", "source_info": MILL, "prompt": "p"}
    jsonl(tmp_path / "data" / "source_info.jsonl", [about])
    suite = imported("ragtruth", path, tmp_path / "s.jsonl")
    assert [(item.id, item.question, item.cluster) for item in suite.items] == [
        ("0", "Summarise the document.", "9"),
        ("1", "Summarise the document.", "9"),
    ]
    assert [one.read_text(encoding="utf-8") for one in (tmp_path / "s-documents").iterdir()] == [MILL]
    assert KINDS["ragtruth"](path.parent).items == KINDS["ragtruth"](path).items
    jsonl(path, [{**rows[0], "source_id": "8"}])
    with pytest.raises(SuiteError, match=r":1: source_info\.jsonl has no source '8'"):
        KINDS["ragtruth"](path)


def test_summedits_is_read_as_a_list_and_ragas_by_columns_too(tmp_path: Path) -> None:
    edit = {"domain": "news", "id": "e1", "doc": MILL, "summary": "It burnt.", "label": 1, "edit_types": []}
    listed = written(tmp_path / "e.json", [edit, {**edit, "id": "e2"}])
    assert len(imported("summedits", listed, tmp_path / "a.jsonl").items) == 2
    with pytest.raises(SuiteError, match="object 2: there is no doc"):
        KINDS["summedits"](written(tmp_path / "bad.json", [edit, {"id": "x"}]))
    columns = {"question": ["When?", "Why?"], "contexts": [[MILL], []], "ground_truth": ["May", "?"]}
    suite = imported("ragas", written(tmp_path / "r.json", columns), tmp_path / "b.jsonl")
    assert [(item.question, item.answer) for item in suite.items] == [("When?", "May"), ("Why?", "?")]


def test_summedits_and_wice_give_claims_with_their_labels(tmp_path: Path) -> None:
    path = jsonl(
        tmp_path / "e.jsonl", [{"id": "e1", "doc": MILL, "summary": "It burnt.", "label": 0, "split": "evaluation"}]
    )
    suite = imported("summedits", path, tmp_path / "e-suite.jsonl")
    assert suite.items[0].split == "evaluation"
    wice = {"claim": "It burnt.", "evidence": ["The mill", "burnt down."], "label": "partially_supported"}
    suite = imported("wice", jsonl(tmp_path / "w.jsonl", [wice]), tmp_path / "w-suite.jsonl")
    (answer,) = (tmp_path / "w-suite.answers.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(answer)["label"] == {"supported": False, "label": "partially_supported"}


@pytest.mark.parametrize(
    ("kind", "text", "says"),
    [
        ("wice", '{"claim": "x", "label": "supported"}', ":1: there is no evidence"),
        ("summedits", "\n[1]", ":2: not a JSON object"),
        ("ragtruth", "{", ":1: not valid JSON"),
        ("mtrag", '{"task_id": "a", "input": []}', ":1: there is no -1.text"),
    ],
)
def test_what_cannot_be_imported_is_named_by_file_and_line(tmp_path: Path, kind: str, text: str, says: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SuiteError) as error:
        KINDS[kind](path)
    assert f"{path}{says}" in str(error.value)


def test_a_file_of_another_layout_is_named_with_what_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match=r"there is no data"):
        KINDS["squad"](written(tmp_path / "x.json", {}))
    with pytest.raises(SuiteError, match=r"data\.0\.paragraphs\.0: there is no context"):
        KINDS["squad"](written(tmp_path / "x.json", {"data": [{"title": "t", "paragraphs": [{}]}]}))
    assert main(["import", "squad", str(tmp_path / "x.json"), "--out", str(tmp_path / "suite")]) == 2


# -- YAML suites -------------------------------------------------------------------------------------------------------


def test_a_yaml_suite_is_read_as_its_words_say(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(
        "items:\n- id: 7\n  type: numeric\n  question: How many?\n  answer: no\n"
        "- {id: b, type: single_fact, question: Why so, evidence: [{file: a.md, quote: ten, start: 3}]}\n",
        encoding="utf-8",
    )
    first, second = load_suite(path).items
    assert (first.id, first.answer) == ("7", "no")
    assert second.evidence[0].start == 3


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- id: a\n  type: numeric\n  question: q\n- id: b\n  type: nonsense\n  question: q\n", ":4: type: "),
        ("- id: a\n  type: [\n", ":3: not valid YAML"),
        ("just words", ":1: a YAML suite is a list of items"),
        ("items: {}", ":1: a YAML suite is a list of items"),
    ],
)
def test_a_wrong_yaml_suite_is_named_by_file_and_line(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "s.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SuiteError) as error:
        load_suite(path)
    assert f"{path}{says}" in str(error.value)


def test_a_document_set_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = jsonl(tmp_path / "s.jsonl", [{"id": "a", "type": "general", "question": "q", "documents": "nowhere"}])
    assert main(["run", str(path), "--out", str(tmp_path / "run")]) == 1
    assert "the document set 'nowhere' is not there" in capsys.readouterr().err
