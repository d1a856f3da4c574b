"""Questions by a model: kept where they lead back to their sentence, the same after any kill, nothing from a liar."""

from __future__ import annotations

import hashlib
import json
import random
import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.answers import Turn
from app.language_models.llm import language_model
from app.settings import Settings
from eval.__main__ import main
from eval.training.asking import Plan, copied, doubt, narrowed, plain_answer, unfit, write
from eval.training.data import ASKED
from eval.training.interview import DIALOGUE, TOKENS, WORDING, Answer, Interview, numbers_of
from eval.training.questions import BY_MODEL, Paragraph, Reading, asked_by_model, own_texts
from indexing.errors import UsageError
from tests.openai_server import OpenAIServer, Request, Says

ORLE = (
    "The bridge at Orle was closed to lorries on Monday. Engineer Tessa Wynn found a long crack in one pillar. "
    "Mending it will cost the county about 3 million crowns. Nobody was hurt when the stones came down at night."
)
VELM = (
    "Fishermen of Velm landed 40 tonnes of herring last week. The harbour master Ida Brandt praised the new nets. "
    "They were made by a small firm in the valley of Lund. Ferries leave for the islands at seven every morning."
)
SHORT = "Only one sentence stands in this text about nothing at all."
READING = Reading([Paragraph("Orle", ORLE, ()), Paragraph("Velm", VELM, ()), Paragraph("Short", SHORT, ())])


class Honest:
    """A model that asks by a code of its own for the last words of a sentence, and finds the sentence by that code."""

    name, destination = "honest", "nowhere"

    def stream(self, system: str, user: str, history: Sequence[Turn]) -> Iterator[str]:
        shown = re.findall(r"^\[(\d+)\] (.*)$", history[-2].content, re.MULTILINE)
        if asked := re.match(r"Ask one question that sentence \[(\d+)\]", user):
            yield self.asks(dict(shown)[asked[1]])
            return
        yield self.answers([(number, text) for number, text in shown if code(text) in user])

    def asks(self, sentence: str) -> str:
        return f"Which rather odd thing goes by the name of {code(sentence)} nowadays?"

    def answers(self, found: Sequence[tuple[str, str]]) -> str:
        return f"[{found[0][0]}] {last(found[0][1])}" if found else "none"


class OtherSentence(Honest):
    def answers(self, found: Sequence[tuple[str, str]]) -> str:
        return "[1] closed" if found and found[0][0] != "1" else "[2] pillar"


class OtherWords(Honest):
    def answers(self, found: Sequence[tuple[str, str]]) -> str:
        return f"[{found[0][0]}] the moon" if found else "none"


class AlwaysKnows(Honest):
    def answers(self, found: Sequence[tuple[str, str]]) -> str:
        return f"[{found[0][0]}] {last(found[0][1])}" if found else "[1] Monday"


class Rambles(Honest):
    def answers(self, found: Sequence[tuple[str, str]]) -> str:
        return "I am not sure, really"


class Repeats(Honest):
    def answers(self, found: Sequence[tuple[str, str]]) -> str:
        return f"[{found[0][0]}] Tessa Wynn" if found else "none"


class Copies(Honest):
    def asks(self, sentence: str) -> str:
        return f"Is it so that {sentence.rstrip('.')}?"


def code(sentence: str) -> str:
    return f"Q{hashlib.sha256(sentence.encode()).hexdigest()[:8]}"


def last(sentence: str) -> str:
    return " ".join(sentence.split()[-2:])


PLAN = Plan(seed=3, each=3, count=50, taken_out=True)


def test_a_kept_answer_stands_in_the_sentence_that_was_asked_about_and_there_first(tmp_path: Path) -> None:
    out = tmp_path / "asked.jsonl"
    told = write(Honest(), READING, out, PLAN)
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    kept = [(line["paragraph"], *one) for line in lines for one in line["asked"]]
    assert kept and told[0] == f"2 texts, 6 questions asked for, {len(kept)} kept"
    assert sum(int(one.split()[0]) for one in told[1:]) == 6 - len(kept)
    for key, question, answer in kept:
        sentences = READING.sentences(key)
        (place,) = [at for at, one in enumerate(sentences) if code(one) in question]
        assert answer in sentences[place] and answer not in question
        assert READING.place(key, READING.by_key[key].text.find(answer)) == place


@settings(max_examples=15)
@given(st.integers(0, 5), st.data())
def test_killed_at_any_byte_it_goes_on_to_the_same_file(seed: int, data: st.DataObject) -> None:
    plan = Plan(seed=seed, each=3, count=50)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "asked.jsonl")
        told = write(Honest(), READING, out, plan)
        whole = out.read_bytes()
        out.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
        assert write(Honest(), READING, out, plan) == told
        assert out.read_bytes() == whole
        assert write(Honest(), READING, out, plan) == told  # it is done


def test_what_is_kept_becomes_pairs_of_its_document_that_say_who_asked(tmp_path: Path) -> None:
    out = tmp_path / "asked.jsonl"
    write(Honest(), READING, out, PLAN)
    with out.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps({"paragraph": "0000000000", "asked": [["Who?", "Nobody"]]}) + "\n")
    made = list(asked_by_model(READING, out, random.Random(1)))
    right = [one for one in made if one.positive]
    assert right and {one.source for one in made} == {BY_MODEL, f"{BY_MODEL} vague"}
    assert {one.group for one in made} == {"Orle", "Velm"}
    for one in right:
        ((start, end),) = one.marks or ()
        assert one.judged[start:end] == plain_answer(last(one.judged)) and code(one.judged) in one.read


@pytest.mark.parametrize("liar", [OtherSentence, OtherWords, AlwaysKnows, Rambles, Copies])
def test_nothing_is_kept_of_a_model_that_lies(liar: type[Honest], tmp_path: Path) -> None:
    out = tmp_path / "asked.jsonl"
    write(liar(), READING, out, PLAN)
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [line["asked"] for line in lines] == [[], []]
    assert sum(sum(line["dropped"].values()) for line in lines) == sum(line["tried"] for line in lines) == 6


def test_without_taking_sentences_out_no_other_may_hold_the_answer(tmp_path: Path) -> None:
    again = "Tessa Wynn found rust. The mayor thanked Tessa Wynn for a report of forty pages."
    some = Reading([*READING.paragraphs, Paragraph("Again", again.replace("found", "has often found some"), ())])
    write(AlwaysKnows(), some, tmp_path / "asked.jsonl", Plan(seed=3, each=3))
    lines = [json.loads(line) for line in (tmp_path / "asked.jsonl").read_text(encoding="utf-8").splitlines()]
    kept = [(line["paragraph"], *one) for line in lines for one in line["asked"]]
    assert kept
    for key, _question, answer in kept:
        assert sum(answer in one for one in some.sentences(key)) == 1
    write(Repeats(), Reading(some.paragraphs[-1:]), tmp_path / "other.jsonl", Plan(seed=3, each=3))
    (line,) = map(json.loads, (tmp_path / "other.jsonl").read_text(encoding="utf-8").splitlines())
    assert not line["asked"] and "its answer stands elsewhere, too" in line["dropped"]


def test_it_stops_when_enough_are_kept_and_a_file_of_others_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "asked.jsonl"
    write(Honest(), READING, out, Plan(seed=3, each=3, count=1, taken_out=True))
    assert len(out.read_text(encoding="utf-8").splitlines()) == 1
    with pytest.raises(UsageError, match="choose another --out"):
        write(Honest(), READING, out, Plan(seed=3, each=3))


@pytest.mark.parametrize(
    ("question", "why"),
    [
        ("Who mended the pillar", "not one question"),
        ("Who? And when was it mended?", "not one question"),
        ("What does the passage say of Orle's bridge?", "it speaks of the text"),
        ("How did she find the fault?", "a pronoun stands for nothing"),
        ("How many has he found?", "a pronoun stands for nothing"),
        ("How much did it cost to mend the bridge?", ""),
        ("How do lorries reach their goal?", ""),
        ("What is wrong with this bridge?", "a pronoun stands for nothing"),
        ("Engineer Tessa Wynn found a long crack in what?", "in the sentence's words"),
        ("Which crack was long?", "in the sentence's words"),
        ("Who detected damage when Wynn examined her bridge?", ""),
        ("Who noticed that something had been damaged?", ""),
    ],
)
def test_rules_refuse_what_is_no_good_question(question: str, why: str) -> None:
    assert doubt(question, "Engineer Tessa Wynn found a long crack in one pillar.") == why


@pytest.mark.parametrize(
    ("question", "answer", "why"),
    [
        ("Who found it?", "Tessa Wynn", ""),
        ("Who found it?", "tessa wynn", "its answer does not stand in the sentence"),
        ("Who found it?", "essa Wynn", "its answer does not stand in the sentence"),
        ("Who found it?", "Tessa Wynn found a long crack in one pillar", "its answer is no few words"),
        ("Who is Tessa Wynn?", "Tessa Wynn", "its answer is in the question"),
        ("How many cracks are there?", "long", "its answer is of another kind"),
        ("When was it found?", "Tessa Wynn", "its answer is of another kind"),
        ("What is damaged?", "pillar", "its answer stands elsewhere, too"),
    ],
)
def test_rules_refuse_what_is_no_good_answer(question: str, answer: str, why: str) -> None:
    sentence = "Engineer Tessa Wynn found a long crack in one pillar."
    before = "It has a pillar. "
    assert unfit(question, answer, sentence, before + sentence, len(before)) == why


def test_the_shipped_questions_obey_the_rules_and_are_about_texts_that_are_there() -> None:
    ours = Reading(own_texts())
    lines = [json.loads(line) for line in ASKED.read_text(encoding="utf-8").splitlines()]
    assert len({line["paragraph"] for line in lines}) == len(lines)
    assert {line["wording"] for line in lines} == {WORDING}
    kept = [(line["paragraph"], *one) for line in lines for one in line["asked"] if line["paragraph"] in ours.by_key]
    assert len(kept) > 30
    for key, question, answer in kept:
        text, place = ours.by_key[key].text, ours.place(key, ours.by_key[key].text.find(answer))
        sentence = ours.sentences(key)[place]
        assert doubt(question, sentence) == unfit(question, answer, sentence, text, ours.spans(key)[place].start) == ""


WORDS = st.lists(st.sampled_from("a b c d".split()), max_size=12)


@given(WORDS, WORDS, WORDS)
def test_what_is_copied_is_the_longest_run_of_words(before: list[str], run: list[str], after: list[str]) -> None:
    text = " ".join(run)
    assert copied(" ".join([*before, *run, *after]), text) == len(run) == copied(text, " ".join([*before, *run]))
    assert copied(" ".join(before), "x y") == 0


def test_marks_around_an_answer_are_not_its_own() -> None:
    assert plain_answer("“90,000 crowns”, ") == "90,000 crowns"


def test_a_grammar_lets_a_reply_be_nothing_a_number_or_words_of_one_sentence_in_a_row() -> None:
    sentences = ['He said "no".', "It rained."]
    root, *rules = numbers_of(sentences, 1).grammar.strip().split("\n")
    assert root == 'root ::= "none" | "[1]" quoted | "[2]"'
    assert rules[0] == 'quoted ::= " " (w0 | w1 | w2)'
    assert rules[1:] == ['w0 ::= "He" (" " w1)?', 'w1 ::= "said" (" " w2)?', 'w2 ::= "\\"no\\"."']
    assert numbers_of(sentences).grammar == 'root ::= "none" | "[1]" | "[2]"\n'


@pytest.mark.parametrize(
    ("answer", "question", "asked_for", "made"),
    [
        ("Wynn counted 800 cracks in it", "How many cracks were there?", "", "800 cracks"),
        ("800 cracks in 3 pillars", "How many cracks were there?", "", "800 cracks in 3 pillars"),
        ("Wynn counted 800 cracks", "What did she do?", "", "Wynn counted 800 cracks"),
        ("She turned to bridges in 2012", "When did she begin?", "", "2012"),
        ("The pillars were Tessa Wynn's, she said", "Who looks after them?", "", "Tessa Wynn"),
        ("Tessa Wynn counted 800 cracks", "Who counted?", "Tessa Wynn", "Tessa Wynn"),
    ],
)
def test_a_quotation_that_says_more_is_narrowed(answer: str, question: str, asked_for: str, made: str) -> None:
    assert narrowed(answer, question, asked_for) == made


def test_the_text_comes_first_so_that_what_was_read_of_it_is_kept() -> None:
    def says(request: Request) -> Says:
        return Says("none" if "Which sentence" in request.prompt else "Who was hurt?")

    with OpenAIServer(says) as server:
        made = Interview(language_model(Settings(llm="m", llm_url=server.url, llm_references="grammar")))
        assert made.question("Orle", ["One.", "Two."], 2, "Two") == "Who was hurt?"
        assert made.answer("Orle", ["One.", "Two."], "Who was hurt?") is None
        first, second = server.requests
    assert first.messages[:-1] == second.messages[:-1] and len(first.messages) == len(DIALOGUE) + 4
    assert first.body["grammar"].startswith("root ::= [A-Z]") and second.body["grammar"].startswith('root ::= "none"')
    assert first.body["max_tokens"] == second.body["max_tokens"] == TOKENS


def test_a_reply_that_is_neither_points_at_no_sentence() -> None:
    with OpenAIServer(Says("[2] the pier,"), Says("[1]"), Says("Perhaps.")) as server:
        made = Interview(language_model(Settings(llm="m", llm_url=server.url, llm_references="text")))
        assert made.answer("Orle", ["One.", "Two."], "Where?") == Answer(2, "the pier,")
        assert made.answer("Orle", ["One.", "Two."], "Where?") == Answer(1, "")
        assert made.answer("Orle", ["One.", "Two."], "Where?") == Answer(0, "Perhaps.")
        assert "grammar" not in server.requests[0].body


def test_the_command_writes_a_file_and_says_how_it_went(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "xquad_dev.json").write_text('{"data": []}')
    out = tmp_path / "made" / "asked.jsonl"

    def says(request: Request) -> Says:
        turns = [Turn("user" if role == "user" else "assistant", text) for role, text in request.messages[:-1]]
        return Says("".join(Honest().stream("", request.prompt, turns)))

    with OpenAIServer(says) as server:
        given = ["--llm", "m", "--llm-url", server.url, "--data", str(tmp_path), "--each", "4", "--count", "1"]
        assert main(["train", "questions", *given, "--out", str(out)]) == 0
    told = capsys.readouterr().out.splitlines()
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    kept = sum(len(line["asked"]) for line in lines)
    assert kept and told[0] == f"{len(lines)} texts, {4 * len(lines)} questions asked for, {kept} kept"
    assert {(line["by"], line["seed"], line["each"]) for line in lines} == {("m", 1, 4)}
