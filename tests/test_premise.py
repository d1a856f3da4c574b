"""False premises: what denies them is found whatever words it leaves out, and what agrees with them is not accused."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.assistant import Assistant
from app.evidence.affirmations import Claim, says
from app.evidence.denials import ASKED, LEFT_OUT, same
from app.lexicons import lexicon
from app.retrieval.retrieve import Retriever
from app.settings import Settings
from indexing.collection import Collection
from indexing.embed import embedder
from indexing.ingest import index
from indexing.words import stems

HALL = """# The hall at Brindle

The trustees of Brindle Hall met on Monday. Asked by a tenant whether he would put the promise on repairs in writing,
the manager, Colm Vesey, said that he could not. Mr Vesey did not deny that the roof leaks.

Rents for the studios at Brindle Hall stay unchanged for the second year. Pensioners still come in free on Sundays.

A pupil asked Mr Vesey whether Brindle Hall will sell its garden. It will not.

The name of the new theatre at Brindle Hall has not been chosen. The trustees agreed to the new roof without a vote
against it. Ida Marsh refused to pay for the lamps. The old stage was sold to a school in Tarrow for 900 crowns.
"""


LEAGUE = """# Orrin leaves the league

The town of Orrin voted to leave the Harbour League on 4 March. Mayor Tove Lind had said that Orrin should remain in the
Harbour League. In January the council had refused to leave the league before the vote.

Captain Rolf Dane left the league's board in June. He could not convince the members that he was still of use to the
board. Inspector Ada Birk found no proof that the league's letters had been opened, she said of the letters.

In May Tove Lind endorsed Rolf Dane for the pilots' guild. Dane refused to endorse Lind.
"""


BILL = """# The harbour bill

“People on the coast want the county to step back,” said Sen. Nora Velt (D-Conn.), who voted against an earlier harbour
bill because she thought that it left the county too little.

Odd Rask: “You don't win a prize by talk.” Rask is right about one thing: you do not win prizes by how loud you are.

But Velt said she supports the final bill, which has rules on rents that were not in the harbour bill.
"""


@pytest.fixture(scope="module")
def league(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collection]:
    folder = tmp_path_factory.mktemp("league")
    (folder / "league.md").write_text(LEAGUE, encoding="utf-8")
    (folder / "bill.md").write_text(BILL, encoding="utf-8")
    with Collection(tmp_path_factory.mktemp("home"), embedder("minilm"), create=True) as collection:
        index(collection, [folder])
        yield collection


@pytest.mark.parametrize("reader", ["", "shipped"])
@pytest.mark.parametrize(
    "question",
    [
        "When did Orrin vote to leave the Harbour League?",
        "Why did Rolf Dane leave the board of the Harbour League?",
        "What did Ada Birk say about the letters of the Harbour League?",
        "When did Tove Lind endorse Rolf Dane?",
        "Why did Nora Velt vote against the earlier harbour bill?",
        "Which prizes did Odd Rask win?",
    ],
)
def test_what_others_advise_or_did_not_do_does_not_correct_what_is_so(
    league: Collection, question: str, reader: str
) -> None:
    answer = Assistant(league, Retriever(league, 10), None, Settings(reader=reader)).ask(question)
    assert (premise := answer.ruling.premise) is None or premise.verdict != "contradicted"


@pytest.mark.parametrize("reader", ["", "shipped"])
def test_who_only_is_said_to_have_refused_is_corrected(league: Collection, reader: str) -> None:
    answer = Assistant(league, Retriever(league, 10), None, Settings(reader=reader)).ask(
        "When did Rolf Dane endorse Tove Lind?"
    )
    premise = answer.ruling.premise
    assert premise is not None and premise.citation is not None and "Dane refused" in premise.citation.quote


@given(
    st.sampled_from(["Ada Birk", "the guild"]),
    st.sampled_from(["resigned", "paid", "left"]),
    st.sampled_from(["", "has not ", "never ", "was asked whether she ", "wants to have ", "might have "]),
)
def test_a_deed_is_said_where_it_is_not_denied_asked_or_wished(who: str, deed: str, ahead: str) -> None:
    text = f"{who[0].upper()}{who[1:]} {ahead}{deed}."
    claim = Claim((who.rsplit(maxsplit=1)[-1],), deed, frozenset())
    assert says(claim, "", "", text) == (not ahead)
    assert not says(Claim(("Lind",), deed, frozenset()), "", "", text)


@pytest.fixture(scope="module", params=["", "shipped"])
def hall(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Assistant]:
    folder = tmp_path_factory.mktemp("hall")
    (folder / "hall.md").write_text(HALL, encoding="utf-8")
    with Collection(tmp_path_factory.mktemp("home"), embedder("minilm"), create=True) as collection:
        index(collection, [folder])
        yield Assistant(collection, Retriever(collection, 10), None, Settings(reader=request.param))


@pytest.mark.parametrize(
    ("question", "quote"),
    [
        ("When did Colm Vesey put the promise on repairs in writing?", "said that he could not."),
        ("Why did Colm Vesey deny that the roof of Brindle Hall leaks?", "Mr Vesey did not deny"),
        ("How much did rents for the studios at Brindle Hall go up for the second year?", "stay unchanged"),
        ("How much do pensioners pay on Sundays at Brindle Hall?", "come in free"),
        ("For how much did Brindle Hall sell its garden?", "It will not."),
        ("What name did the trustees choose for the new theatre at Brindle Hall?", "has not been chosen"),
        ("Which trustees of Brindle Hall voted against the new roof?", "without a vote\nagainst it"),
    ],
)
def test_a_denial_corrects_the_premise(hall: Assistant, question: str, quote: str) -> None:
    answer = hall.ask(question)
    premise = answer.ruling.premise
    assert premise is not None and premise.verdict == "contradicted" and premise.citation is not None
    assert quote in premise.citation.quote and answer.status == "answered"
    assert any(premise.citation.quote in one.quote for said in answer.statements for one in said.citations)


@pytest.mark.parametrize(
    "question",
    [
        "Why did Ida Marsh refuse to pay for the lamps?",
        "Who refused to pay for the lamps?",
        "What did a tenant ask Colm Vesey of Brindle Hall?",
        "For how much was the old stage of Brindle Hall sold?",
        "Which trustees of Brindle Hall met on Monday?",
    ],
)
def test_what_agrees_with_a_premise_does_not_correct_it(hall: Assistant, question: str) -> None:
    assert (premise := hall.ask(question).ruling.premise) is None or premise.verdict != "contradicted"


def test_the_forms_of_a_verb_are_the_same_verb_and_no_form_belongs_to_two() -> None:
    verbs = [line.split() for line in lexicon("irregular_verbs")]
    for forms in verbs:
        assert all(same(stems(form)[0], other) for form in forms for other in forms if stems(form) and stems(other))
    assert not [(one[0], other[0]) for one, other in combinations(verbs, 2) if set(one) & set(other)]


@given(
    st.sampled_from("did was has will could".split()), st.sampled_from("pay sold approve leave".split()), st.booleans()
)
def test_a_denial_leaves_out_what_it_denies_only_where_nothing_follows(verb: str, deed: str, short: bool) -> None:
    denied = f"{verb}n’t" if short else f"{verb} not"
    assert LEFT_OUT.search(f"Asked whether he would {deed}, he said that he {denied}.")
    assert not LEFT_OUT.search(f"He {denied} {deed} the bill.")
    assert ASKED.search(f"Asked whether he would {deed}, he {denied}.") and ASKED.search(f"Would he {deed}? Never.")
    assert not ASKED.search(f"He {denied}.") and not ASKED.search(f"Asked by a friend, he {denied}.")
