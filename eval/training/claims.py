"""Claims beside the sentences that they may rest on: judged by people, or wrong by construction."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from app.grounding.alignment import Evidence
from app.grounding.wording import is_claim
from app.judging.check import statements_of
from eval.judges.human_labels import Labelled, read_labelled
from eval.training.alter import claims_of
from eval.training.pairs import Label, Pair, changed, sentences
from eval.training.questions import Reading, key_of, written_lines

HELD_AGAINST = 3  # sentences; as many as the gate gives the reader
WORDS = (6, 45)  # of a sentence that claims are made of


def evidence_for(claim: str, evidence: Evidence) -> str:
    """The sentences that hold most of a claim, in the order of the source."""
    return " ".join(evidence.sentences[one] for one in sorted(evidence.nearest(claim)[:HELD_AGAINST]))


def _evidence(texts: Iterable[str]) -> Evidence:
    return Evidence([text for source in texts for text, _ in sentences(source)])


def summedits(path: Path) -> Iterator[Pair]:
    """The tuning domains: each sentence once; what an edit changed carries the label, the rest is the seed's."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    kept = {one.id: one for one in read_labelled(path, "summedits") if one.split == "tune"}
    evidence: dict[str, Evidence] = {}
    seen: set[tuple[str, str]] = set()
    for row in rows:
        if str(row["id"]) not in kept:
            continue
        if row["doc"] not in evidence:
            evidence[row["doc"]] = _evidence([row["doc"]])
        before = {text for text, _ in sentences(row["original_summary"])}
        marks = changed(row["original_summary"], row["summary"])
        for text, span in sentences(row["summary"]):
            if (row["doc"], text) in seen or not is_claim(text):
                continue
            touched = tuple(
                (max(0, start - span.start), min(end, span.end) - span.start)
                for start, end in marks
                if start < span.end and end > span.start
            )
            label: Label = "no" if not row["label"] and touched and text not in before else "yes"
            if not row["label"] and not touched and text not in before:
                continue
            seen.add((row["doc"], text))
            read = evidence_for(text, evidence[row["doc"]])
            yield Pair("supports", read, text, label, f"summedits {row['domain']}", row["doc"],
                       marks=touched if label == "no" else ())  # fmt: skip


def ragtruth(path: Path, rng: random.Random, part: float = 0.5) -> Iterator[Pair]:
    """The tuning half: every statement with a span, and a part of those without."""
    evidence: dict[tuple[str, ...], Evidence] = {}
    for item in read_labelled(path, "ragtruth"):
        if item.split != "tune":
            continue
        if item.sources not in evidence:
            evidence[item.sources] = _evidence(item.sources)
        yield from _spans(item, evidence[item.sources], rng, part)


def _spans(item: Labelled, evidence: Evidence, rng: random.Random, part: float) -> Iterator[Pair]:
    for text, span, _ in statements_of(item.answer):
        if not is_claim(text) or span.of(item.answer) != text:
            continue
        marks = tuple(
            (max(0, start - span.start), min(end, span.end) - span.start)
            for start, end in item.spans or ()
            if start < span.end and end > span.start
        )
        if marks or rng.random() < part:
            label: Label = "no" if marks else "yes"
            yield Pair("supports", evidence_for(text, evidence), text, label, f"ragtruth {item.part}", item.group,
                       marks=marks)  # fmt: skip


def wice(path: Path) -> Iterator[Pair]:
    """Each claim with the sentences that people chose, and with others that are near but were not chosen."""
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        lines, group = row["evidence"], row["evidence"][0]
        chosen = sorted({one for some in row["supporting_sentences"][:1] for one in some})[:HELD_AGAINST]
        if chosen:
            read = " ".join(lines[one] for one in chosen)
            label: Label = "yes" if row["label"] == "supported" else "no"
            yield Pair("supports", read, row["claim"], label, "wice", group, marks=() if label == "yes" else None)
        used = {one for some in row["supporting_sentences"] for one in some}
        rest = [text for number, text in enumerate(lines) if number not in used and len(text.split()) > 4]
        if rest:
            read = evidence_for(row["claim"], Evidence(rest))
            yield Pair("supports", read, row["claim"], "not_enough", "wice", group)


def constructed(reading: Reading, rng: random.Random, most: int) -> Iterator[Pair]:
    """Claims made of sentences of openly licensed texts by `alter`; evidence: the sentence with one beside it."""
    places = [(one, text) for one in reading.paragraphs for text in reading.sentences(one.key)]
    made = 0
    for one, text in rng.sample(places, len(places)):
        if made >= most:
            return
        if not WORDS[0] <= len(text.split()) <= WORDS[1]:
            continue
        others = [other for other in reading.sentences(one.key) if other != text]
        beside = rng.sample(others, min(len(others), HELD_AGAINST - 1))
        read = " ".join(other for other in reading.sentences(one.key) if other == text or other in beside)
        for claim in claims_of(text, others, rng):
            if claim.text != text:
                made += 1
                yield Pair("supports", read, claim.text, claim.label, f"constructed {claim.kind}", one.title,
                           marks=claim.marks)  # fmt: skip


def written(reading: Reading) -> Iterator[Pair]:
    """Claims written for the project: true ones in other words, false ones, and ones that the text leaves open."""
    labels: Sequence[tuple[str, Label]] = (("true", "yes"), ("false", "contradicted"), ("open", "not_enough"))
    for line in written_lines():
        key = key_of(line)
        if key not in reading.by_key:
            continue
        evidence = Evidence(reading.sentences(key))
        for name, label in labels:
            for text in line.get(name, ()):
                yield Pair("supports", evidence_for(text, evidence), text, label, f"written {name}",
                           reading.by_key[key].title, marks=() if label == "yes" else None)  # fmt: skip
