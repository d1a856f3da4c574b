"""Citations, faithfulness, answers, ranks and costs: each metric from its definition, on cases a reader can check."""

from __future__ import annotations

import json
import math
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.estimate import Prices
from eval.judges.gate_judge import judge, kinds_of, overlap
from eval.measures.answers import contains, exact_match, normalised, token_f1
from eval.metrics import DEFINITIONS, Metric, Scores, compute
from eval.records import Output, Record
from indexing.documents import Document, Metadata

NO_FILE: Any = lambda cited: None  # noqa: E731


def judged(support: str, alone: tuple[bool, ...] = (), without: tuple[bool, ...] = (), **more: Any) -> dict[str, Any]:
    """What the gate said of one statement with as many citations as `alone` has."""
    basis = "citations" if alone else "nothing"
    return {"support": support, "basis": basis, "alone": alone, "without": without or (False,) * len(alone), **more}


def record(*statements: dict[str, Any], kind: str = "single_fact", **more: Any) -> Record:
    """An answer of these statements, or a refusal without any; cluster and id are its own."""
    output = {
        "status": "answered" if statements else "refused",
        "statements": [{"text": "s", "citations": [{} for _ in one["alone"]]} for one in statements],
        **more.pop("output", {}),
    }
    line = {"id": "x", "type": kind, "output": output, "judged": statements, **more}
    return Record.read(line)


def metric(name: str, *records: Record) -> Metric:
    return compute(records)[name]


def summed(name: str, *records: Record) -> tuple[float | None, int, int]:
    found = metric(name, *records)
    return found.value, found.n, found.unmeasured


# -- citations after ALCE ----------------------------------------------------------------------------------------------


def test_citation_recall_is_the_share_of_statements_fully_supported_by_what_they_cite() -> None:
    half = record(judged("supported", (True,)), judged("partly", (False,)))
    uncited = record(judged("unsupported"))
    no_claim = record(judged("supported", (True,)), judged("not_a_claim", (False,)))
    assert summed("citation_recall", half, uncited, no_claim) == ((0.5 + 0 + 1) / 3, 3, 0)
    assert summed("citation_recall", record(), record(judged("not_a_claim"))) == (None, 0, 0)


def test_support_by_passages_that_are_not_cited_is_no_citation_recall_but_it_is_faithful() -> None:
    found = record({**judged("supported"), "basis": "retrieved"})
    assert summed("citation_recall", found)[0] == 0
    assert summed("faithfulness", found)[0] == 1


def test_citation_precision_asks_of_each_citation_whether_it_is_needed() -> None:
    # Alone it supports; alone it does not, and the others do without it (superfluous); neither alone nor without it.
    of_three = record(judged("supported", (True, False, False), (False, True, False)))
    not_supported = record(judged("partly", (False, False)))
    without_any = record(judged("unsupported"))
    pooled_in_the_answer = record(judged("supported", (True,)), judged("unsupported", (False, False, False)))
    records = (of_three, not_supported, without_any, pooled_in_the_answer)
    assert summed("citation_precision", *records) == ((2 / 3 + 0 + 0 + 1 / 4) / 4, 4, 0)
    assert summed("over_citation", *records) == (1 / 9, 9, 0)


def test_validity_counts_what_could_be_held_against_a_text() -> None:
    one = record(judged("supported", (True, True, True)), citations_valid=[True, False, None])
    assert summed("citation_validity", one) == (0.5, 2, 1)


# -- faithfulness ------------------------------------------------------------------------------------------------------


def test_faithfulness_counts_statements_and_splits_by_what_they_hold() -> None:
    one = record(
        judged("supported", (True,), kinds=["numbers", "names"], overlap=1.0),
        judged("unsupported", (False,), kinds=["numbers"], overlap=0.5),
        judged("not_a_claim"),
    )
    two = record(judged("partly", (False,), kinds=["quotes"], overlap=0.0))
    assert summed("faithfulness", one, two) == (1 / 3, 3, 0)
    assert summed("faithfulness_numbers", one, two) == (1 / 2, 2, 0)
    assert summed("faithfulness_names", one, two) == (1, 1, 0)
    assert summed("faithfulness_quotes", one, two) == (0, 1, 0)
    assert summed("faithfulness_negation", one, two) == (None, 0, 0)
    floors = dict(metric("faithfulness", one, two).floors)
    assert floors == {"always_flag": 0, "never_flag": 1, "word_overlap": 0.5}


def test_without_the_gate_all_that_it_judges_is_unmeasured() -> None:
    silent = record(judged("supported", (True,))).model_copy(update={"judged": None})
    failed = silent.model_copy(update={"output": None})
    for definition in DEFINITIONS:
        if definition.judge == "gate" and "_" not in definition.name.removeprefix("citation_").removeprefix("over_"):
            assert summed(definition.name, silent, failed) == (None, 0, 2), definition.name


def test_kinds_are_what_a_statement_holds() -> None:
    assert kinds_of("It cost 4 euros.") == ("numbers",)
    assert kinds_of("The mayor, Anna Berg, did not say “yes”.") == ("names", "negation", "quotes")
    assert kinds_of("Nothing happened.") == ("negation",)
    assert kinds_of("So it is.") == ()


def test_overlap_is_the_share_of_tokens_that_stand_in_the_source() -> None:
    assert overlap("The mill, the MILL!", "a mill") == 0.5
    assert overlap("...", "a mill") == 0.0


# -- the judge ---------------------------------------------------------------------------------------------------------

SOURCE = "The council closed the bridge. Repairs begin in June. They cost 4 million euros."


def cited(*quotes: str) -> list[dict[str, Any]]:
    starts = [SOURCE.find(quote) for quote in quotes]
    return [{"file": "a.md", "start": s, "end": s + len(q), "quote": q} for s, q in zip(starts, quotes, strict=True)]


def verdicts(text: str, *quotes: str, retrieved: tuple[str, ...] = ()) -> dict[str, Any]:
    output = Output.model_validate(
        {
            "status": "answered",
            "statements": [{"text": text, "citations": cited(*quotes)}],
            "retrieved": [{"file": "a.md", "text": passage} for passage in retrieved],
        }
    )
    (found,) = judge(output, NO_FILE)
    return found.model_dump(include={"support", "basis", "alone", "without"})


def test_the_gate_is_asked_with_each_citation_alone_and_without_each() -> None:
    needs_both = "The council closed the bridge and repairs begin in June."
    first, second, third = "The council closed the bridge.", "Repairs begin in June.", "They cost 4 million euros."
    assert verdicts(first, first) == {
        "support": "supported",
        "basis": "citations",
        "alone": (True,),
        "without": (False,),
    }
    assert verdicts(needs_both, first, second)["support"] == "supported"
    assert verdicts(needs_both, first, second)["alone"] == (False, False)
    assert verdicts(needs_both, first, second)["without"] == (False, False)
    superfluous = verdicts(first, first, third)
    assert (superfluous["alone"], superfluous["without"]) == ((True, False), (False, True))


def test_a_passage_cited_whole_is_compared_sentence_by_sentence() -> None:
    assert verdicts("Repairs begin in June.", SOURCE)["support"] == "supported"
    assert verdicts("Repairs begin in July.", SOURCE)["support"] != "supported"
    assert verdicts("They cost 5 million euros.", SOURCE)["support"] == "unsupported"


def test_without_citations_the_passages_that_were_found_are_the_basis() -> None:
    assert verdicts("Repairs begin in June.", retrieved=(SOURCE,)) == {
        "support": "supported",
        "basis": "retrieved",
        "alone": (),
        "without": (),
    }
    assert verdicts("Repairs begin in June.")["basis"] == "nothing"


# -- answers -----------------------------------------------------------------------------------------------------------


def test_answers_are_compared_as_squad_does() -> None:
    assert normalised("The “Mill”, a ruin!") == ["mill", "ruin"]
    # Said: in, old, mill, in, may. Gold: mill, may, both of them said: 2 * 2 / (5 + 2).
    assert token_f1("In the old mill in May", ["mill May"]) == pytest.approx(2 * 2 / 7)
    assert token_f1("no such word", ["mill", "a word"]) == pytest.approx(2 * 1 / 4)
    assert exact_match("the MILL.", ["a mill"]) == 1
    assert contains("It was the mill that burnt.", ["Mill"]) == 1
    assert contains("It was the windmill.", ["mill"]) == 0
    assert contains("anything", ["."]) == 0


@given(st.lists(st.sampled_from(["mill", "may", "old"]), min_size=1, max_size=5))
def test_an_answer_is_its_own_best_match(words: list[str]) -> None:
    text = " ".join(words)
    assert token_f1(text, [text]) == exact_match(text, [text]) == contains(text, [text]) == 1


def test_a_refusal_of_what_has_an_answer_scores_zero_and_a_failure_nothing() -> None:
    passages = [{"file": "a.md", "text": "The mill burnt down in May."}]
    said = {"status": "answered", "answer": "In May.", "statements": [], "retrieved": passages}
    right = record(judged("supported", (True,)), answer="May", output=said).model_copy(update={"judged": ()})
    refused = record(answer="May", output={"retrieved": passages})
    failed = refused.model_copy(update={"output": None})
    assert summed("contains_gold", right, refused, failed) == (0.5, 2, 1)
    assert summed("answer_f1", right, refused) == ((2 * 1 / 3 + 0) / 2, 2, 0)
    floors = dict(metric("contains_gold", right, refused, failed).floors)
    assert floors == {"always_refuse": 0, "top_passage": 1}


def test_a_statement_is_correct_when_it_holds_a_gold_answer_or_cites_gold_evidence() -> None:
    gold = [{"file": "a.md", "quote": "x" * 10, "spans": [[10, 20]], "passages": 1}]
    place = {"file": "a.md", "start": 19, "end": 30, "quote": "y" * 11}
    beside = {"file": "a.md", "start": 20, "end": 30, "quote": "y" * 10}
    statements = [
        {"text": "In May.", "citations": []},
        {"text": "s", "citations": [place]},
        {"text": "s", "citations": [beside]},
    ]
    one = record(judged("supported"), answer="May", evidence=gold, output={"statements": statements})
    assert summed("statement_correctness", one.model_copy(update={"judged": None})) == (2 / 3, 3, 0)


# -- ranks -------------------------------------------------------------------------------------------------------------


def ranked(places: list[tuple[str, int, int]], *golds: tuple[str, int, int], passages: int = 20) -> Record:
    evidence = [{"file": f, "quote": "q", "spans": [[s, e]], "passages": 1} for f, s, e in golds]
    retrieved = [{"file": f, "start": s, "end": e} for f, s, e in places]
    return record(evidence=evidence, collection_passages=passages, output={"retrieved": retrieved})


def test_ndcg_rewards_early_passages_and_new_evidence_only() -> None:
    a, b = ("a", 5, 9), ("b", 5, 9)
    found = ranked([("c", 0, 9), ("a", 0, 9), ("a", 4, 12), ("b", 0, 9)], a, b)  # the third repeats the second
    ideal = 1 / math.log2(2) + 1 / math.log2(3)
    assert metric("ndcg_at_10", found).value == pytest.approx((1 / math.log2(3) + 1 / math.log2(5)) / ideal)
    assert metric("mrr_at_10", found).value == 0.5
    both_at_once = ranked([("a", 0, 99)], ("a", 5, 9), ("a", 50, 60))
    assert metric("ndcg_at_10", both_at_once).value == 1
    half = ranked([("a", 0, 9)], a, b)
    assert metric("ndcg_at_10", half).value == pytest.approx(1 / ideal)
    assert metric("ndcg_at_10", ranked([], a)).value == 0


def test_document_recall_asks_for_any_passage_of_the_file() -> None:
    found = ranked([("a", 0, 2), ("a", 2, 4), ("b", 0, 9)], ("a", 5, 9), ("c", 5, 9))
    assert metric("document_recall_at_5", found).value == 0.5
    assert metric("recall_at_5", found).value == 0


def test_the_random_floors_of_ranks_are_those_of_a_shuffle() -> None:
    one = ranked([], ("a", 5, 9), passages=4)
    places = [1, 1 / 2, 1 / 3, 1 / 4]
    assert dict(metric("mrr_at_10", one).floors)["random"] == pytest.approx(sum(places) / 4)
    gains = [1 / math.log2(place + 1) for place in (1, 2, 3, 4)]
    assert dict(metric("ndcg_at_10", one).floors)["random"] == pytest.approx(sum(gains) / 4)


@given(st.lists(st.sets(st.integers(0, 2), min_size=1), min_size=1, max_size=3), st.integers(0, 2))
def test_the_floors_of_retrieval_are_the_means_of_the_metrics_over_every_order(held: list[set[int]], idle: int) -> None:
    """Also where one passage holds several quotes, and a quote stands in several passages."""
    quotes = sorted(set().union(*held))
    sets = Counter(tuple(quotes.index(quote) for quote in sorted(one)) for one in held if len(one) > 1)
    evidence = []  # passage n is the characters from 100 n on
    for number, quote in enumerate(quotes):
        starts = [100 * place + number for place, one in enumerate(held) if quote in one]
        spans = [[start, start + 1] for start in starts]
        evidence.append({"file": "f", "quote": "q", "spans": spans, "passages": len(spans)})

    def found(order: Sequence[int]) -> Record:
        shown = [{"file": "f", "start": 100 * place, "end": 100 * place + 99} for place in order]
        more: dict[str, Any] = {"together": [*sets.items()], "collection_passages": len(order)}
        return record(evidence=evidence, output={"retrieved": shown}, **more)

    orders = [found(order) for order in permutations(range(len(held) + idle))]
    for name in ("recall_at_1", "recall_at_3", "mrr_at_10", "ndcg_at_10"):
        mean = metric(name, *orders)
        assert dict(mean.floors)["random"] == pytest.approx(mean.value), name


def test_an_item_that_failed_is_no_part_of_a_floor() -> None:
    near, far = ranked([], ("a", 5, 9), passages=4), ranked([], ("a", 5, 9), passages=400)
    failed = far.model_copy(update={"output": None})
    assert metric("recall_at_1", near, failed).floors == metric("recall_at_1", near).floors
    assert dict(metric("mrr_at_10", failed).floors) == {"random": None}


def test_evidence_without_spans_is_compared_by_words() -> None:
    gold = [{"file": "a.md", "quote": "burnt down"}]
    found = record(evidence=gold, output={"retrieved": [{"file": "a.md", "text": "The mill burnt down."}]})
    elsewhere = record(evidence=gold, output={"retrieved": [{"file": "b.md", "text": "The mill burnt down."}]})
    assert summed("recall_at_5", found, elsewhere) == (0.5, 2, 0)


# -- refusal, premises, conversations, costs ---------------------------------------------------------------------------


def test_refusal_f1_is_the_harmonic_mean_of_precision_and_recall() -> None:
    said = judged("supported", (True,))
    records = [
        record(kind="unanswerable_off"),
        record(kind="unanswerable_near"),
        record(said, kind="unanswerable_near"),
        record(),
        record(said),
    ]
    precision, recall = metric("refusal_precision", *records).value, metric("refusal_recall", *records).value
    assert (precision, recall) == (2 / 3, 2 / 3)
    assert precision and recall
    assert metric("refusal_f1", *records).value == pytest.approx(2 / (1 / precision + 1 / recall))
    assert dict(metric("refusal_f1", *records).floors)["always_refuse"] == pytest.approx(2 / (1 / (3 / 5) + 1))
    underspecified = record(kind="underspecified")
    assert metric("refusal_precision", *records, underspecified).value == 2 / 3


def test_a_premise_is_corrected_by_a_gold_answer_or_by_saying_so_beside_the_evidence() -> None:
    gold = [{"file": "a.md", "quote": "x", "spans": [[0, 9]], "passages": 1}]
    place = {"file": "a.md", "start": 3, "end": 6, "quote": "xxx"}

    def asked(answer: str, premise: object, cites: bool) -> Record:
        statements = [{"text": answer, "citations": [place] if cites else []}]
        output = {"answer": answer, "premise": premise, "statements": statements}
        one = record(judged("supported"), kind="false_premise", answer="nobody resigned", evidence=gold, output=output)
        return one.model_copy(update={"judged": None})

    says_so = asked("Nobody resigned.", None, False)
    names_it = asked("She stayed.", {"claim": "she resigned"}, True)
    cites_elsewhere = asked("She stayed.", {"claim": "she resigned"}, False)
    goes_along = asked("She resigned in May.", None, True)
    refused = record(kind="false_premise", answer="nobody resigned", evidence=gold)
    premise = {"claim": "she resigned", "citation": {"file": "a.md", "start": 0, "end": 4}}
    shows_it_beside = asked("She stayed.", premise, False)
    records = (says_so, names_it, cites_elsewhere, goes_along, refused, shows_it_beside)
    assert summed("premise_corrected", *records) == (3 / 6, 6, 0)


def test_followups_are_the_items_with_a_history() -> None:
    history = [{"role": "user", "content": "The mill?"}]
    rewritten = record(
        judged("supported", (True,)), history=history, question="When?", output={"rewritten": "When, the mill?"}
    )
    typed = record(judged("supported", (True,)), history=history, question="When?", output={"rewritten": "When?"})
    silent = record(judged("supported", (True,)), history=history, question="When?")
    null = record(judged("supported", (True,)), history=history, question="When?", output={"rewritten": None})
    alone = record(question="When?")
    assert summed("followup_rewritten", rewritten, typed, null, silent, alone) == (1 / 3, 3, 1)
    assert summed("followup_answered", rewritten, typed, silent, alone) == (1, 3, 0)


def test_tokens_and_money_are_means_and_unknown_ones_are_unmeasured() -> None:
    usage = {"prompt_tokens": 1000, "answer_tokens": 100}
    price = Prices(2.0, 10.0).of(usage)
    assert price == pytest.approx(0.003)
    assert Prices().of(usage) is None
    assert Prices(2.0, 10.0).of({}) is None
    counted, silent = record(output={"usage": usage}, cost=price), record()
    assert summed("prompt_tokens", counted, silent) == (1000, 1, 1)
    assert summed("money", counted, silent) == (0.003, 1, 1)


# -- laws --------------------------------------------------------------------------------------------------------------


def many() -> list[Record]:
    draw = random.Random(5)
    kinds = ["single_fact", "follow_up", "false_premise", "unanswerable_near", "unanswerable_off"]
    found = []
    for number in range(60):
        statements = [
            judged(
                draw.choice(["supported", "partly"]), (draw.random() < 0.7,), kinds=["numbers"], overlap=draw.random()
            )
            for _ in range(draw.randint(0, 3))
        ]
        one = record(*statements, kind=draw.choice(kinds), id=f"i{number}", cluster=f"c{number % 12}", answer="May")
        found.append(one if draw.random() < 0.9 else one.model_copy(update={"output": None}))
    return found


def test_the_order_of_the_items_changes_no_byte() -> None:
    records = many()
    config: Mapping[str, Any] = {"suite": "s"}
    expected = json.dumps(Scores(records).as_json(config))
    for seed in range(5):
        shuffled = records.copy()
        random.Random(seed).shuffle(shuffled)
        assert json.dumps(Scores(shuffled).as_json(config)) == expected


def test_every_share_lies_between_zero_and_one_and_in_its_interval() -> None:
    for name, found in compute(many()).items():
        definition = next(one for one in DEFINITIONS if one.name == name)
        if found.value is None or not definition.share:
            continue
        assert 0 <= found.value <= 1, name
        if found.low is not None and found.high is not None:
            assert 0 <= found.low <= found.value <= found.high <= 1, name
        else:
            assert found.clusters < 8, name


def test_no_number_is_ever_not_a_number(tmp_path: Path) -> None:
    text = json.dumps(Scores(many()).as_json({}), allow_nan=False)
    assert "NaN" not in text
    assert json.dumps(Scores([]).as_json({}), allow_nan=False)


@pytest.mark.parametrize(
    ("text", "lead", "support"),
    [
        ("“The bridge was closed”, as the Ledger reported on 2 March 2024, said Lee.", True, "supported"),
        ("“The bridge was closed”, as the Ledger reported on 3 March 2024, said Lee.", True, "unsupported"),
        ("“The bridge was closed”, as the Courier reported on 2 March 2024, said Lee.", True, "unsupported"),
        ("“The bridge was closed”, as the Ledger reported on 2 March 2024, said Lee.", False, "unsupported"),
    ],
)
def test_where_and_when_of_a_lead_is_held_against_what_is_known_of_the_document(
    text: str, lead: bool, support: str
) -> None:
    source = "“The bridge was closed,” said Lee."
    document = Document("a", "v", "a.md", source, Metadata("Bridge", "the Ledger", date="2024-03-02"))
    citation = {"file": "a.md", "start": 0, "end": len(source), "quote": source}
    said = {"text": text, "citations": [citation], "lead": lead}
    output = Output.model_validate({"status": "answered", "statements": [said]})
    (found,) = judge(output, lambda cited: document)
    assert found.support == support, found.reason
