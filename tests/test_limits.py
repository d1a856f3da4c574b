"""What a question is limited to: given limits hold, a time that it names is preferred and loses nothing."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.answers import Turn
from app.assistant import Assistant
from app.questions.limits import EVERYTHING, Period, day_of, limits_of, searched_in
from app.questions.when import period_of, widened
from app.retrieval.retrieve import Retriever, peak
from app.settings import Settings
from indexing.collection import Collection
from indexing.errors import UsageError
from indexing.ingest import index
from tests.conftest import Opener
from tests.folders import write
from tests.processes import onrecord

NEWEST = "2016-08-31"


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


@pytest.mark.parametrize(
    ("question", "first", "last"),
    [
        ("What happened in November 2015?", "2015-11-01", "2015-11-30"),
        ("Who led in late November 2015?", "2015-11-18", "2015-11-30"),
        ("What has he said since 2016?", "2016-01-01", None),
        ("Who spoke before March 3, 2016?", None, "2016-03-03"),
        ("What happened after 3rd of March 2016?", "2016-03-03", None),
        ("What was said between March 2016 and May 2016?", "2016-03-01", "2016-05-31"),
        ("from 2015 to 2016, who led?", "2015-01-01", "2016-12-31"),
        ("Who resigned in the last week of March 2016?", "2016-03-25", "2016-03-31"),
        ("And in the second week of March 2016?", "2016-03-08", "2016-03-14"),
        ("In the first half of 2016, what changed?", "2016-01-01", "2016-07-01"),
        ("How cold was winter 2015?", "2015-12-01", "2016-02-29"),
        ("Who wrote on 2016-02-29?", "2016-02-29", "2016-02-29"),
        ("On Feb. 29, 2016, who wrote?", "2016-02-29", "2016-02-29"),
        ("What did she say last month?", "2016-07-01", "2016-07-31"),
        ("What did she say this year?", "2016-01-01", "2016-12-31"),
        ("What did she say yesterday?", "2016-08-30", "2016-08-30"),
        ("What was said between March and May 2016?", "2016-03-01", "2016-05-31"),
        ("What was said from November to February 2016?", "2015-11-01", "2016-02-29"),
        ("Who left in June or July 2016?", "2016-06-01", "2016-07-31"),
        ("Who spoke on March 3-5, 2016?", "2016-03-03", "2016-03-05"),
        ("Who spoke from 3 to 5 March 2016?", "2016-03-03", "2016-03-05"),
        ("Which survey from March 2016 had her ahead?", "2016-03-01", "2016-03-31"),
        ("What has he said from March 2016 on?", "2016-03-01", None),
        ("What was done until the end of March 2016?", None, "2016-03-31"),
        ("What was done until March 2016?", None, "2016-03-31"),
        ("What was done since the end of March 2016?", "2016-03-31", None),
        ("In 2016 Orr won: why?", "2016-01-01", "2016-12-31"),
        ("What did the budget for 2016 leave out?", "2016-01-01", "2016-12-31"),
        ("Today, who leads?", "2016-08-31", "2016-08-31"),
        ("Over the past month, who led?", "2016-07-01", "2016-07-31"),
    ],
)
def test_times_are_read(question: str, first: str | None, last: str | None) -> None:
    period = period_of(question, NEWEST)
    assert period is not None
    assert (period.first, period.last) == (first and day(first), last and day(last))


@pytest.mark.parametrize(
    "question",
    [
        "What did he say in May?",
        "Who may win?",
        "How did 2,016 people vote?",
        "What is 1984-85?",
        "In March 2016 and in June 2016, who led?",
        "On 31 February 2016?",
        "How did the 2016 election change the town?",
        "What did she say before the 2016 election?",
        "Did 2000 people march?",
        "Is Orwell's 1984 a novel about the town?",
        "What is 12016 for?",
        "What did THE TOWN TODAY print?",
        "Who was on the Today show?",
        "What was said on Last Week Tonight?",
        "What changed in the last week of the strike?",
        "How much more was raised than in the previous month?",
        "Why?",
        "",
    ],
)
def test_what_names_no_single_time_is_left_alone(question: str) -> None:
    assert period_of(question, NEWEST) is None


def test_an_event_is_dated_by_when_the_documents_speak_of_it() -> None:
    asked: list[str] = []

    def event_day(event: str) -> datetime.date:
        asked.append(event)
        return day("2016-07-18")

    period = period_of("What did he promise before the Republican convention?", NEWEST, event_day)
    assert period is not None and (period.first, period.last) == (None, day("2016-07-18"))
    assert asked == ["the Republican convention"]
    assert "2016-07-18" in period.note


@given(st.text(max_size=200), st.sampled_from(["", NEWEST, "0001-01-01", "9999-12-31", "no day"]))
def test_no_question_is_a_defect_and_the_words_stand_in_it(question: str, newest: str) -> None:
    period = period_of(question, newest)
    if period is not None:
        assert period.words in question
        assert period.first is None or period.last is None or period.first <= period.last
        widened(period)


PIECES = st.sampled_from(
    "before after from between until the end of|and|to|or|-|March|May 3|3 May|Feb. 30|2016|2015|, 2016|1984|early|in|"
    "on|the last week of|spring|today|last year|Today|the convention|election|?|Who|led|2016-02-29|mid|by".split("|")
)


@given(st.lists(PIECES, max_size=9), st.sampled_from([" ", ""]))
def test_no_order_of_times_is_a_defect(pieces: list[str], between: str) -> None:
    question = between.join(pieces)
    period = period_of(question, NEWEST, lambda event: day("2016-07-18"))
    if period is not None:
        assert period.words in question
        assert period.first is None or period.last is None or period.first <= period.last


@given(st.dates(datetime.date(1900, 1, 1), datetime.date(2099, 12, 31)), st.sampled_from(["%B %Y", "%Y", "%d %B %Y"]))
def test_a_day_lies_in_every_time_that_is_named_by_it(date: datetime.date, form: str) -> None:
    period = period_of(f"What happened in {date.strftime(form)}, by the way?")
    assert period is not None and period.holds(date.isoformat())


@pytest.mark.parametrize("text", ["yesterday", "2016-13", "2016-02-30", "16", "2016-1-1-1"])
def test_what_is_no_day_is_refused_in_words(text: str) -> None:
    with pytest.raises(UsageError, match="is no date; write 2015"):
        day_of(text, last=False)


def test_limits_the_wrong_way_round_are_refused() -> None:
    with pytest.raises(UsageError, match="is after"):
        limits_of("2016", "2015")
    assert limits_of().filter is None


def test_the_day_that_documents_agree_on_is_the_middle_of_their_week() -> None:
    assert peak([("2016-07-18", 3.0), ("2016-07-20", 2.0), ("2016-01-01", 1.0), ("no day", 9.0)]) == day("2016-07-18")
    assert peak([(f"2016-{month:02}-01", 1.0) for month in range(1, 13)]) is None
    assert peak([]) is None


@pytest.fixture
def harbour(tmp_path: Path, opened: Opener) -> Collection:
    """The same report from three months, of two sources."""
    files = {
        f"{month}.md": f"---\nsource: {source}\nauthor: Ann {month}\ndate: 2016-{month}-10\n---\n\n"
        f"The harbour master counted {count} ships in the harbour that month, he said.\n"
        for month, source, count in (("03", "Gazette", 31), ("05", "Courier", 52), ("07", "Gazette", 73))
    }
    collection = opened(tmp_path / "home")
    index(collection, [write(tmp_path / "docs", files)])
    return collection


def names(collection: Collection, question: str, limits: object = EVERYTHING) -> list[str]:
    retriever = Retriever(collection, 10)
    query = retriever.read(question, (), limits)  # type: ignore[arg-type]
    return [hit.passage.document.name for hit in retriever(query).hits]


def test_a_time_in_the_question_comes_first_and_loses_nothing(harbour: Collection) -> None:
    for month, name in (("March", "03.md"), ("May", "05.md"), ("July", "07.md")):
        found = names(harbour, f"How many ships were counted in the harbour in {month} 2016?")
        assert found[0] == name
        assert sorted(found) == ["03.md", "05.md", "07.md"]
    assert sorted(names(harbour, "How many ships were counted in 1950?")) == ["03.md", "05.md", "07.md"]


def test_a_time_that_a_follow_up_takes_over_is_preferred(harbour: Collection) -> None:
    history = (Turn("user", "How many ships were counted in the harbour in March 2016?"), Turn("assistant", "31."))
    period = Retriever(harbour, 10).read("And in May?", history).period
    assert period is not None and (period.first, period.words) == (day("2016-05-01"), "May 2016")
    assert Retriever(harbour, 10).read("And why?", history).period is None


def test_given_limits_hold(harbour: Collection) -> None:
    question = "How many ships were counted in the harbour?"
    assert names(harbour, question, limits_of("2016-04", "2016-06")) == ["05.md"]
    assert sorted(names(harbour, question, limits_of(sources=("gazette",)))) == ["03.md", "07.md"]
    assert names(harbour, question, limits_of("2016-06", sources=("Gazette",), authors=("ann 07",))) == ["07.md"]
    assert names(harbour, question, limits_of("2017")) == []
    assert names(harbour, f"{question} I mean in March 2016.", limits_of("2016-05")) != []


def test_limits_that_leave_nothing_say_so_and_name_what_there_is(harbour: Collection) -> None:
    assistant = Assistant(harbour, Retriever(harbour, 10), None, Settings())

    def reason(*given: object, **names: tuple[str, ...]) -> str:
        answer = assistant.ask("How many ships were counted in the harbour?", (), limits_of(*given, **names))  # type: ignore[arg-type]
        assert answer.status == "refused" and not answer.hits
        return answer.ruling.reason

    assert reason("2017") == "No document lies within the limits of the search."
    assert reason(sources=("gazete",)) == "No document has the source “gazete”; there are: Courier, Gazette."
    assert reason(authors=("7",)) == "No document has the author “7”; there are: Ann 07."
    assert reason(sources=("Gazette",), authors=("Ann 05",)) == "No document lies within the limits of the search."
    assert reason(authors=("Zoe",)) == "No document has the author “Zoe”; there are: Ann 03, Ann 05, Ann 07."
    assert "No document has" not in assistant.ask("Zoe?", (), limits_of(sources=("Gazette",))).ruling.reason


def test_an_answer_says_what_it_was_limited_to(harbour: Collection) -> None:
    assistant = Assistant(harbour, Retriever(harbour, 10), None, Settings())
    question = "How many ships were counted in the harbour in March 2016?"
    read = assistant.ask(question).as_json()["filters"]
    assert read["dates"] == [
        {"since": "2016-03-01", "until": "2016-03-31", "from": "question", "words": "March 2016", "note": ""}
    ]
    ignored = assistant.ask(question, (), limits_of("2016-03", sources=("Gazette",), dates=False)).as_json()["filters"]
    assert [one["from"] for one in ignored["dates"]] == ["given"]
    assert ignored["sources"] == ["Gazette"]


def test_a_part_of_a_name_means_all_who_have_it_and_the_answer_says_whom(harbour: Collection) -> None:
    assistant = Assistant(harbour, Retriever(harbour, 10), None, Settings())
    question = "How many ships were counted in the harbour?"
    answer = assistant.ask(question, (), limits_of(authors=("ann", "Zoe"), sources=("GAZETTE",)))
    assert {hit.passage.document.name for hit in answer.hits} == {"03.md", "07.md"}
    filters = answer.as_json()["filters"]
    assert (filters["authors"], filters["sources"]) == (["ann", "Zoe"], ["GAZETTE"])
    assert filters["meant"]["authors"] == {"ann": ["Ann 03", "Ann 05", "Ann 07"], "Zoe": []}
    assert list(searched_in(filters)) == [
        "Searched: sources GAZETTE.",
        "Searched: authors ann (Ann 03, Ann 05, Ann 07), Zoe (none).",
    ]
    assert list(searched_in({"authors": ["Ann"], "sources": []})) == ["Searched: authors Ann."], "as kept before"
    bylines = {"authors": ["Lee"], "meant": {"authors": {"Lee": ["Ann Lee", "Ann Lee, Bo Orr"]}}}
    assert list(searched_in(bylines)) == ["Searched: authors Lee (Ann Lee; Ann Lee, Bo Orr)."]
    assert {hit.passage.document.name for hit in assistant.search(question, limits_of(authors=("05",)))} == {"05.md"}


def test_names_are_those_of_what_is_current(opened: Opener, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.md").write_text("---\nauthor: Ann Lee\nsource: S\n---\nThe harbour was closed.\n", encoding="utf-8")
    (docs / "b.md").write_text("---\nauthor: ANN LEE\n---\nThe bridge was opened.\n", encoding="utf-8")
    collection = opened(tmp_path / "home")
    index(collection, [docs])
    assert collection.filters.authors() == ["Ann Lee"]
    (docs / "a.md").write_text("---\nauthor: Bo Orr\n---\nThe harbour was closed again.\n", encoding="utf-8")
    (docs / "b.md").unlink()
    index(collection, [docs])
    assert (collection.filters.authors(), collection.filters.sources()) == (["Bo Orr"], [])


def test_an_answer_from_other_times_than_asked_about_says_so(opened: Opener, tmp_path: Path) -> None:
    files = {
        "then.md": "---\ndate: 2016-03-10\n---\n\nThe harbour was closed for repairs, and no count was made.\n",
        "later.md": "---\ndate: 2016-09-10\n---\n\nThe harbour master counted 73 ships in the harbour.\n",
    }
    collection = opened(tmp_path / "home")
    index(collection, [write(tmp_path / "docs", files)])
    assistant = Assistant(collection, Retriever(collection, 10), None, Settings(max_statements=1))

    def told(question: str, dates: bool = True) -> tuple[set[str], bool]:
        answer = assistant.ask(question, (), limits_of(dates=dates))
        cited = {each.file for said in answer.statements for each in said.citations}
        return cited, any("No source cited is from" in notice for notice in answer.notices)

    question = "How many ships did the harbour master count in the harbour in March 2016?"
    assert told(question) == ({"later.md"}, True)
    assert told(question, dates=False) == ({"later.md"}, False)
    assert told(question.replace("March", "September")) == ({"later.md"}, False)
    assert told(question.replace("March 2016", "1950")) == (set(), False)  # no document is from 1950 or speaks of it


def test_an_answer_from_a_time_that_no_document_is_from_says_so_unless_it_speaks_of_it(
    opened: Opener, tmp_path: Path
) -> None:
    files = {
        "a.md": "---\ndate: 2016-09-10\n---\n\nThe harbour master counted 73 ships in the harbour.\n",
        "b.md": "---\ndate: 2016-09-10\n---\n\nThe harbour master closed the old quay in 2012, after a flood.\n",
    }
    collection = opened(tmp_path / "home")
    index(collection, [write(tmp_path / "docs", files)])
    assistant = Assistant(collection, Retriever(collection, 10), None, Settings(max_statements=1))

    def told(question: str) -> bool:
        answer = assistant.ask(question)
        assert answer.status == "answered"
        return any("No source cited is from" in notice for notice in answer.notices)

    assert told("How many ships did the harbour master count in the harbour this year?") is False
    assert told("When did the harbour master close the old quay, was it in 2012?") is False
    assert told("How many ships did the harbour master count in the harbour last year?") is True


def test_every_hit_says_why_it_was_found(harbour: Collection) -> None:
    assistant = Assistant(harbour, Retriever(harbour, 10), None, Settings())
    for hit in assistant.ask("How many ships were counted in May 2016?").as_json()["retrieved"]:
        assert hit["why"].startswith("by ")
        assert {one["ranking"] for one in hit["how"]} <= {"meaning", "words", "sentence", "date"}
        assert ("the date asked for" in hit["why"]) == (hit["file"] == "05.md")


def test_the_command_line_and_batches_take_limits(tmp_path: Path, seeds_home: Path) -> None:
    question = "What did Trump and Putin speak about?"
    home = ("--home", seeds_home)
    may = json.loads(onrecord("ask", question, "--since", "2025-05", "--json", *home).stdout)
    assert {one["file"] for one in may["retrieved"]} == {"monday-call-and-sanctions.md"}
    nothing = onrecord("ask", question, "--since", "2030", *home).stdout
    assert "No document lies within the limits" in nothing and "Searched only what the limits leave" in nothing
    wrong = onrecord("ask", question, "--since", "soon", *home)
    assert wrong.returncode == 2 and "write 2015" in wrong.stderr
    shown = onrecord("ask", f"{question} I mean in February 2025.", *home).stdout
    assert "Preferred: 2025-02-01 to 2025-02-28" in shown and "--no-dates" in shown
    items = tmp_path / "items.jsonl"
    lines = [
        {"id": 1, "question": question, "filters": {"until": "2025-02-14"}},
        {"id": 2, "question": question, "filters": {"since": "never"}},
        {"id": 3, "question": question},
    ]
    items.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    ran = onrecord("ask", "--batch", items, "--since", "2025-05", *home)
    first, second, third = map(json.loads, ran.stdout.splitlines())
    assert {one["file"] for one in first["retrieved"]} == {"february-call-trump-putin.md"}
    assert second["status"] == "error" and "is no date" in second["error"]
    assert {one["file"] for one in third["retrieved"]} == {"monday-call-and-sanctions.md"}


def test_a_period_without_ends_holds_every_known_day() -> None:
    assert Period(None, None).holds("2016-01-01")
    assert not Period(None, None).holds("")
