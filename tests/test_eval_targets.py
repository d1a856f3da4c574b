"""Systems under test: endpoints, commands, recorded answers, query engines, each at its real boundary."""

from __future__ import annotations

import json
import re
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from eval.__main__ import main
from eval.compare import compare
from eval.journal import read_records
from eval.suite import load_suite
from eval.targets.prose import completed, is_refusal, statements_of
from tests.eval_runs import ANSWERED, TEXT, item, jsonl, recorded

PASSAGES = [
    {"file": "a.md", "start": 0, "end": 30, "text": TEXT[:30]},
    {"file": "b.md", "start": -1, "end": -1, "text": "B."},
]


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


class Handler(BaseHTTPRequestHandler):
    """Answers, after one 503 for every new question, as an endpoint of ours would."""

    asked: ClassVar[list[dict[str, Any]]]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append({"path": self.path, "token": self.headers["Authorization"], **body})
        first = sum(one["question"] == body["question"] for one in self.asked) == 1
        status, text = (503, "busy") if first else (200, json.dumps({**ANSWERED, "premise": None}))
        if body["question"] == "Broken?":
            status, text = 200, "<html>"
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture
def endpoint() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    class Fresh(Handler):
        asked: ClassVar[list[dict[str, Any]]] = []

    with ThreadingHTTPServer(("127.0.0.1", 0), Fresh) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", Fresh.asked
        server.shutdown()


def test_an_endpoint_is_asked_again_when_it_was_busy_and_its_nonsense_is_a_failure(
    endpoint: tuple[str, list[dict[str, Any]]], tmp_path: Path
) -> None:
    url, asked = endpoint
    turns = [{"role": "user", "content": "What closed?"}, {"role": "assistant", "content": "The bridge."}]
    suite = jsonl(tmp_path / "s.jsonl", [item(0, history=turns), item(1, question="Broken?")])
    assert main(["run", str(suite), "--target", url, "--out", str(tmp_path / "run"), "--jobs", "2"]) == 1
    first, second = read_records(tmp_path / "run")
    assert first.output is not None
    assert (first.attempts, first.output.answer) == (2, ANSWERED["answer"])
    assert second.output is None
    assert "not JSON" in second.error
    assert {one["path"] for one in asked} == {"/api/ask"}
    assert next(one for one in asked if one["question"] != "Broken?")["history"] == turns


def test_an_endpoint_gets_the_token_it_wants_and_no_file_has_it(
    endpoint: tuple[str, list[dict[str, Any]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, asked = endpoint
    monkeypatch.setenv("EVAL_TOKEN", "t0psecret")
    suite = str(jsonl(tmp_path / "s.jsonl", [item(0)]))
    command = ["run", suite, "--out", str(tmp_path / "run"), "--target-key-env"]
    assert main([*command, "EVAL_TOKEN", "--target", url]) == 0
    assert {one["token"] for one in asked} == {"Bearer t0psecret"}
    assert all(b"t0psecret" not in path.read_bytes() for path in (tmp_path / "run").iterdir())
    assert main([*command, "NOT_SET", "--target", url]) == main([*command, "EVAL_TOKEN"]) == 2


def test_a_command_answers_a_line_for_a_line_and_is_started_again(tmp_path: Path) -> None:
    program = tmp_path / "answer.py"
    program.write_text(
        "import json, sys\n"
        "for line in sys.stdin:\n"
        "    asked = json.loads(line)\n"
        "    if asked['id'] == 'i1': sys.exit(3)\n"
        f"    print(json.dumps({ANSWERED!r}), flush=True)\n",
        encoding="utf-8",
    )
    suite = jsonl(tmp_path / "s.jsonl", [item(number) for number in range(3)])
    command = f"cmd:{sys.executable} {program}"
    assert main(["run", str(suite), "--target", command, "--out", str(tmp_path / "run"), "--retries", "0"]) == 1
    records = list(read_records(tmp_path / "run"))
    assert [record.output is not None for record in records] == [True, False, True]
    assert "ended with code 3" in records[1].error
    config = json.loads((tmp_path / "run" / "metrics.json").read_text(encoding="utf-8"))["config"]
    assert config["target"] == {"kind": "command", "command": f"{Path(sys.executable).name} answer.py"}


def test_a_command_that_reads_nothing_ends_no_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What it did not read is still on its way when it is closed at the end."""
    suite = jsonl(tmp_path / "s.jsonl", [item(0, question="why " * 40_000)])
    command = f"cmd:{sys.executable} -c 'import os; os.close(0); print(1, flush=True)'"
    assert main(["run", str(suite), "--target", command, "--out", str(tmp_path / "run"), "--retries", "0"]) == 1
    said = capsys.readouterr()
    assert "recall_at_5" in said.out and (tmp_path / "run" / "report.html").is_file()
    assert "1 of 1 item failed" in said.err and "  1 item: TargetError: the command" in said.err


def test_what_an_answer_costs_is_told_to_a_small_part_of_a_cent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    suite = str(jsonl(tmp_path / "s.jsonl", [item(0), item(1)]))
    for name, tokens in (("a", 100), ("b", 140)):
        used = {"prompt_tokens": tokens, "answer_tokens": 30}
        answers = jsonl(tmp_path / f"{name}.jsonl", [{"id": f"i{n}", **ANSWERED, "usage": used} for n in range(2)])
        prices = ["--price-in", "2", "--price-out", "10"]
        assert main(["run", suite, "--answers", str(answers), "--out", str(tmp_path / name), *prices]) == 0
    assert re.search(r"^money +0\.000500 ", capsys.readouterr().out, re.MULTILINE)  # 100 * 2 + 30 * 10 millionths
    assert "<td>0.000580</td>" in (tmp_path / "b" / "report.html").read_text(encoding="utf-8")
    assert main(["compare", str(tmp_path / "a"), str(tmp_path / "b"), "--metric", "money"]) == 0
    assert re.search(r"^money +0\.000500 +0\.000580 +\+0\.000080 ", capsys.readouterr().out, re.MULTILINE)


def test_without_their_history_follow_ups_are_still_measured_as_follow_ups(
    endpoint: tuple[str, list[dict[str, Any]]], tmp_path: Path
) -> None:
    url, asked = endpoint
    suite = str(jsonl(tmp_path / "s.jsonl", [item(0, history=[{"role": "user", "content": "What closed?"}])]))
    for name, flags in (("with", []), ("without", ["--no-history"])):
        assert main(["run", suite, "--target", url, "--out", str(tmp_path / name), "--no-report", *flags]) == 0
    assert [len(one["history"]) for one in asked if one["question"] == item(0)["question"]] == [1, 1, 0]
    found = compare(tmp_path / "with", tmp_path / "without", ["followup_answered"])["metrics"]["followup_answered"]
    assert (found["first"], found["second"], found["items"]) == (1.0, 1.0, 1)


def test_recorded_answers_are_scored_without_documents(tmp_path: Path) -> None:
    suite, answers = recorded(tmp_path, [True, False])
    assert main(["run", str(suite), "--answers", str(answers), "--out", str(tmp_path / "run")]) == 0
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text(encoding="utf-8"))["metrics"]
    assert metrics["recall_at_5"]["value"] == 0.5
    assert metrics["contains_gold"]["value"] == 0.5
    assert metrics["citation_validity"] == {**metrics["citation_validity"], "value": 1.0, "n": 1}
    assert metrics["citation_precision"]["value"] == metrics["faithfulness"]["value"] == 1.0


def test_an_item_without_a_recorded_answer_failed_and_one_recorded_as_failed_too(tmp_path: Path) -> None:
    suite, answers = recorded(tmp_path, [True, True, True])
    lines = answers.read_text(encoding="utf-8").splitlines()
    answers.write_text(lines[0] + '\n{"id": "i2", "status": "error", "error": "quota"}\n', encoding="utf-8")
    assert main(["run", str(suite), "--answers", str(answers), "--out", str(tmp_path / "run")]) == 1
    errors = [record.error for record in read_records(tmp_path / "run")]
    assert errors == ["", "TargetError: there is no recorded answer with this id", "TargetError: quota"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", ":2: not valid JSON"),
        ('{"id": "x"}', ":2: status: "),
        ('{"id": "i0", "status": "refused"}', ":2: the id 'i0' is already that of line 1"),
        ('{"id": "x", "status": "answered", "statements": [{}]}', ":2: statements.0.text: "),
    ],
    ids=["broken", "no status", "twice", "no text"],
)
def test_a_wrong_line_of_recorded_answers_is_named(
    tmp_path: Path, line: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    suite, answers = recorded(tmp_path, [True])
    answers.write_text(answers.read_text(encoding="utf-8") + line + "\n", encoding="utf-8")
    assert main(["run", str(suite), "--answers", str(answers), "--out", str(tmp_path / "run")]) == 1
    assert f"{answers}{says}" in capsys.readouterr().err


def test_an_unknown_target_is_named_with_those_there_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    suite, _ = recorded(tmp_path, [True])
    assert main(["run", str(suite), "--target", "oracle", "--out", str(tmp_path / "run")]) == 2
    assert "unknown target 'oracle'; give assistant, http://" in capsys.readouterr().err
    assert main(["run", str(suite), "--target", "llamaindex:no.such:engine", "--out", str(tmp_path / "run")]) == 2


def test_the_baseline_is_a_plain_pipeline_over_the_same_documents(
    seeds_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Real LlamaIndex, real Chroma: its answers cite whole chunks, found again in the documents at their offsets."""
    lines = [json.loads(line) for line in Path(load_path()).read_text(encoding="utf-8").splitlines()[:6]]
    suite = jsonl(tmp_path / "s.jsonl", lines)
    arguments = [
        "run",
        str(suite),
        "--home",
        str(seeds_home),
        "--out",
        str(tmp_path / "run"),
        "--baseline",
        "llamaindex",
    ]
    assert main(arguments) == 0
    assert "baseline" in capsys.readouterr().out
    records = list(read_records(tmp_path / "run" / "baseline-llamaindex"))
    assert [record.id for record in records] == [item.id for item in load_suite(suite).items]
    for record in records:
        assert record.output is not None
        assert record.output.status == "answered"
        assert record.citations_valid == (True,)
        assert record.judged is not None
        assert [judged.support for judged in record.judged] == ["supported"]


def load_path() -> str:
    return str(Path(__file__).parent.parent / "eval" / "suites" / "seeds.jsonl")


def test_a_query_engine_of_ones_own_is_a_target(
    seeds_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Our own engine hands the whole answer on, so it is measured as the assistant is."""
    (tmp_path / "my_engine.py").write_text(
        "from app.llamaindex import OnrecordQueryEngine\n"
        f"def engine():\n    return OnrecordQueryEngine.open({str(seeds_home)!r})\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    lines = [json.loads(line) for line in Path(load_path()).read_text(encoding="utf-8").splitlines()[:4]]
    suite = jsonl(tmp_path / "s.jsonl", lines)
    for name, target in (("ours", "assistant"), ("theirs", "llamaindex:my_engine:engine")):
        out = str(tmp_path / name)
        assert main(["run", str(suite), "--home", str(seeds_home), "--target", target, "--out", out]) == 0
    ours, theirs = (
        json.loads((tmp_path / name / "metrics.json").read_text(encoding="utf-8"))["metrics"]
        for name in ("ours", "theirs")
    )
    assert ours == theirs


# -- prose -------------------------------------------------------------------------------------------------------------


def test_markers_become_citations_of_whole_passages_and_leave_the_text() -> None:
    first, second, third = statements_of("One is so [1]. Two is so. [2][1] Three cites nothing [7].", PASSAGES)
    assert (first["text"], [one["file"] for one in first["citations"]]) == ("One is so.", ["a.md"])
    assert (second["text"], [one["file"] for one in second["citations"]]) == ("Two is so.", ["b.md", "a.md"])
    assert (third["text"], third["citations"]) == ("Three cites nothing.", [])


@pytest.mark.parametrize(
    "text",
    ["", "Empty Response", "I don’t know.", "I'm sorry, but I cannot find that.", "The provided sources do not say."],
)
def test_the_usual_phrases_are_refusals(text: str) -> None:
    assert is_refusal(text)


@pytest.mark.parametrize("text", ["I know.", "The sources name two men.", "Information is power."])
def test_other_sentences_are_not(text: str) -> None:
    assert not is_refusal(text)


def test_nulls_of_other_systems_are_what_is_empty(tmp_path: Path) -> None:
    place = {"file": None, "start": None, "end": None, "quote": "So it is.", "title": None}
    answer = {
        "id": "i0",
        "status": "answered",
        "answer": None,
        "statements": [{"text": "So it is.", "citations": [place]}, {"text": "And so.", "citations": None}],
        "retrieved": None,
        "usage": {"model": "m", "details": {}},
    }
    suite, _ = recorded(tmp_path, [True])
    answers = jsonl(tmp_path / "theirs.jsonl", [answer])
    assert main(["run", str(suite), "--answers", str(answers), "--out", str(tmp_path / "run")]) == 0
    (record,) = read_records(tmp_path / "run")
    assert record.output is not None
    assert record.output.text == "So it is. And so."
    assert record.citations_valid == (None,)
    assert record.judged is not None
    assert [one.support for one in record.judged] == ["supported", "unsupported"]


def test_an_answer_is_completed_and_what_it_says_is_kept() -> None:
    whole = completed({"status": "answered", "answer": "So it is.", "retrieved": None, "extra": 1})
    assert whole["statements"] == [{"text": "So it is.", "support": "unchecked", "reason": "", "citations": []}]
    assert (whole["retrieved"], whole["extra"], whole["statements_from"]) == ([], 1, "the answer's prose")
    assert completed(ANSWERED)["statements"][0]["citations"][0]["start"] == 31
