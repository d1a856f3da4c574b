"""What the evidence comes to before anybody answers: is there an answer, does a premise fail, do sources differ."""

from __future__ import annotations

from dataclasses import dataclass, replace

from app import answers
from app.answers import Citation, Ruling
from app.evidence.answerability import answerability, missing, threshold
from app.evidence.candidates import DEPTH, DEPTH_READ, Candidate, Evidence, Tokens, weigh
from app.evidence.disagreement import Difference, differences, differences_read
from app.evidence.premise import Premise, contradicted, said_by, stated, unstated
from app.evidence.signals import lack_year
from app.evidence.understanding import Reading, heard, likely_with, understood
from app.questions.short import NEARLY
from app.retrieval.retrieve import Found, Query

READ = 3  # sentences that are read for what a question takes for granted
SAYS, FIGURE = 0.2, 0.3  # how likely a side's sentence must answer, and its figure be the answer, that sources differ
SURE = 0.5  # how likely one of them must answer so that the deed it tells is believed
BELIEVED = 0.6  # how surely they must say it; chosen on questions over 30 news articles and the tuning part of ours


@dataclass(frozen=True, slots=True)
class Finding:
    """The evidence with how likely it answers, the premise that it contradicts, and where its sources differ."""

    evidence: Evidence
    answerability: float
    premise: Premise | None
    differences: tuple[Difference, ...]

    @property
    def answers(self) -> bool:
        """Whether the documents alone answer: a corrected premise is an answer."""
        return bool(self.evidence.ranked) and (self.premise is not None or self.answerability >= threshold())

    @property
    def owed(self) -> tuple[Candidate, ...]:
        """Sentences that an answer must show: what corrects the premise, or each side that differs."""
        if self.premise is not None:
            return (self.premise.candidate,)
        return tuple(side.candidate for each in self.differences for side in each.sides)

    def ruling(self, *, answered: bool) -> Ruling:
        """The same for a reader: of an answer its premise and differences, of a refusal what is missing."""
        found = self.premise
        premise = answers.Premise(found.text, "contradicted", cited(found.candidate)) if found else None
        if answered:
            told = tuple(_disagreement(one, self.evidence) for one in self.differences) if found is None else ()
            return Ruling(self.answerability, premise=premise, disagreements=told)
        reason, nearest = missing(self.evidence)
        if premise is None and nearest is not None and (claim := unstated(self.evidence)):
            premise = answers.Premise(claim, "not_supported", cited(nearest))
        return Ruling(self.answerability, reason, (cited(nearest),) if nearest else (), premise)


def find(query: Query, found: Found, tokens: Tokens | None = None, reading: Reading | None = None) -> Finding:
    """Everything the evidence says to a question; `tokens` is what the embedder may offer, `reading` the reader."""
    weighed = evidence = weigh(query, found, tokens, depth=DEPTH if reading is None else DEPTH_READ)
    likely = answerability(evidence)
    if reading is not None and evidence.ranked:
        again = understood(evidence, reading)
        lifted = likely_with(likely, again.read, reading.seams)
        # the reader reads sentences, not dates, and takes what a question supposes for granted
        doubted = lack_year(evidence) == 1 or unstated(evidence)
        evidence, likely = again.evidence, min(likely, lifted) if doubted else lifted
    # what fits the question's own words denies them: what answers it need not say them, so the order of before counts
    premise = contradicted(weighed) if weighed.ranked else None
    if premise is not None and _holds(premise, evidence, reading):
        premise = None
    answered = bool(weighed.ranked) and premise is None and likely >= threshold()
    differ = differences(weighed) if answered else ()
    if answered and reading is not None:
        differ = tuple(one for each in differ if (one := _answering(each, evidence, reading)))
        differ = differ or differences_read(evidence)
    return Finding(evidence, likely, premise, differ)


def _holds(premise: Premise, evidence: Evidence, reading: Reading | None) -> bool:
    """Whether the best sentences say what the question takes for granted: then what seems to deny it speaks of another
    deed, or of another time. One that the reader is sure answers, and that has the deed in words, says it as well."""
    if reading is None:
        return stated(evidence)
    best = [one.text for one in evidence.ranked[:READ]]
    if reading.supports(premise.text, best).supported >= BELIEVED:
        return True
    sure = (one for one in evidence.ranked[:READ] if one.read is not None and one.read >= SURE)
    return any(said_by(one, evidence) for one in sure if one.place != premise.candidate.place)


def _answering(one: Difference, evidence: Evidence, reading: Reading) -> Difference | None:
    """The sides whose sentence answers and whose figure is the answer there; none where these are fewer than two."""
    sides = []
    for side in one.sides:
        read = heard(side.candidate, evidence, reading)
        told = [short.told for short in read.shorts if short.told is not None]
        if (read.read or 0.0) >= SAYS and (not told or read.told(side.span) >= max(FIGURE, max(told) - NEARLY)):
            sides.append(side)
    return replace(one, sides=tuple(sides)) if len(sides) > 1 else None


def cited(one: Candidate) -> Citation:
    """The whole sentence as one citation, markup within it included."""
    return Citation.of(one.passage.document, one.sentence.span)


def _disagreement(one: Difference, evidence: Evidence) -> answers.Disagreement:
    about = evidence.asked.focus or evidence.question
    return answers.Disagreement(about, tuple(answers.Side(side.value, cited(side.candidate)) for side in one.sides))
