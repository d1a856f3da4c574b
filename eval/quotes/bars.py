"""What the desk makes of the bank, as bars: each a share with its n, its 95 % interval over documents and its bound."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.quotes.desk import QuoteDesk
from app.quotes.result import Verdict
from app.quotes.speaker import relation_of, same_person, speaker_of, speaker_status
from eval.quotes.bank import PART, Base, Corpus, Gold, Pair, absent_of, bases_of, narration_of, pairs_of
from eval.stats import interval
from indexing.documents import Document
from indexing.quotations import Quotation
from indexing.spans import Span

WORDS = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
PRONOUNS = frozenset(
    "he she they it we i you who which that his her their one another others this those some many".split()
)
REASONS = {"cut": ("cut",), "elision": ("elision", "bracket"), "splice": ("splice",)}


@dataclass(frozen=True, slots=True)
class Bar:
    """What is asked of a share: at least or at most `bound`. `about` says what it is a share of."""

    name: str
    bound: float
    least: bool
    about: str


BARS = (
    Bar("critical_called_green", 0.0, False, "critical edits that are green"),
    Bar("benign_not_green", 0.02, False, "benign variants that are not green"),
    Bar("pairs_right", 0.95, True, "twins of which both are right"),
    Bar("reason_shown", 0.97, True, "critical edits whose reason is the edit made"),
    Bar("offsets_verbatim", 0.995, True, "verbatim or style: both ends exact"),
    Bar("offsets_altered", 0.93, True, "altered: both ends exact"),
    Bar("occurrences_found", 0.99, True, "places of a quote that are found"),
    Bar("absent_called_verbatim", 0.0, False, "quotes nobody said that are verbatim"),
    Bar("narration_found", 0.95, True, "narration presented as a quote that is found"),
    Bar("wrong_speaker_recall", 0.85, True, "wrong speakers, explicit pattern, that are found"),
    Bar("wrong_speaker_precision", 0.95, True, "speakers called wrong that are wrong"),
    Bar("right_speaker_contradicted", 0.01, False, "right speakers that are called wrong"),
    Bar("attribution_right", 0.90, True, "direct attributions with a speaker whose speaker is right"),
    Bar("attribution_coverage", 0.80, True, "direct attributions that get a speaker"),
)


@dataclass
class Tally:
    """Right answers and questions by document; what went wrong, to look at."""

    totals: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    counts: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    misses: list[str] = field(default_factory=list)

    def add(self, key: str, yes: bool, note: str = "", *, bad: bool = False) -> None:
        self.totals[key] += yes
        self.counts[key] += 1
        if yes == bad and note:
            self.misses.append(note)

    def as_json(self, bar: Bar) -> dict[str, Any]:
        n, keys = sum(self.counts.values()), list(self.counts)
        value = sum(self.totals.values()) / n if n else None
        found = interval([self.totals[key] for key in keys], [self.counts[key] for key in keys]) if n else None
        holds = None if value is None else value >= bar.bound if bar.least else value <= bar.bound
        limits = [found.low, found.high] if found else None
        return {"value": value, "n": n, "interval": limits, "bound": bar.bound, "least": bar.least, "holds": holds}


Progress = Callable[[str], None]


def measure(
    desk: QuoteDesk,
    documents: Sequence[Document],
    gold: Sequence[Gold],
    seed: int,
    *,
    pairs: int = 1000,
    progress: Progress = lambda _: None,
) -> dict[str, Any]:
    """Every bar over these documents; those about speakers are unmeasured without gold attributions."""
    rng = random.Random(seed)
    tallies = {bar.name: Tally() for bar in BARS}
    corpus = Corpus(documents)
    bases = bases_of(documents) or bases_of(documents, PART)
    for number, pair in enumerate(pairs_of(bases, corpus, pairs, rng)):
        _judge_pair(desk, pair, tallies)
        if number % 100 == 0:
            progress(f"{number} of {pairs} pairs")
    for base in rng.sample(bases, min(pairs // 5, len(bases))):
        _judge_occurrences(desk, base, corpus, tallies["occurrences_found"])
    progress("absent quotes and narration")
    for quote in absent_of(corpus, pairs // 2, rng):
        tallies["absent_called_verbatim"].add(quote, desk.check(quote).headline == "verbatim", quote, bad=True)
    for base in narration_of(documents, pairs // 2, rng):
        verdict = desk.check(base.text)
        tallies["narration_found"].add(base.document.id, _narrated(verdict), f"{verdict.headline}: {base.text}")
    progress("attributions")
    _judge_gold(desk, gold, rng, tallies)
    return {
        "seed": seed,
        "documents": len(documents),
        "bars": {bar.name: tallies[bar.name].as_json(bar) for bar in BARS},
        "misses": {name: tally.misses[:25] for name, tally in tallies.items() if tally.misses},
    }


def _judge_pair(desk: QuoteDesk, pair: Pair, tallies: dict[str, Tally]) -> None:
    key, base = pair.base.document.id, pair.base
    critical, benign = desk.check(pair.critical.text), desk.check(pair.benign.text)
    told = f"{pair.name} {pair.critical.before!r} -> {pair.critical.after!r}: {critical.headline}: {pair.critical.text}"
    harmless = f"{pair.benign.kind}: {benign.headline} {benign.sentence}: {pair.benign.text}"
    tallies["critical_called_green"].add(key, critical.green, told, bad=True)
    tallies["benign_not_green"].add(key, not benign.green, harmless, bad=True)
    tallies["pairs_right"].add(key, benign.green and not critical.green)
    if not critical.green:
        tallies["reason_shown"].add(key, _shown(pair, critical), f"{told} {[e.as_json() for e in critical.edits][:3]}")
    tallies["offsets_verbatim"].add(key, _at(benign, base), harmless)
    if critical.headline == "altered" and pair.critical.kind not in REASONS:
        tallies["offsets_altered"].add(key, _at(critical, base), told)


def _shown(pair: Pair, verdict: Verdict) -> bool:
    """Whether an edit that is shown has the words that were changed, or is of the kind of what was left out."""
    change = pair.critical
    if change.kind in REASONS:
        kinds = REASONS[change.kind]
        return any(edit.kind in kinds for edit in verdict.edits) or verdict.headline == "altered"
    changed = {word.casefold() for word in WORDS.findall(f"{change.before} {change.after}")}
    shown = {word.casefold() for edit in verdict.edits for word in WORDS.findall(f"{edit.before} {edit.after}")}
    return bool(changed & shown) or any(edit.kind == change.kind for edit in verdict.edits)


def _core(text: str, span: Span) -> tuple[int, int]:
    """From its first letter or digit to its last."""
    letters = [at for at in range(span.start, span.end) if text[at].isalnum()]
    return (letters[0], letters[-1] + 1) if letters else (span.start, span.end)


def _at(verdict: Verdict, base: Base) -> bool:
    wanted = (base.document.id, *_core(base.document.text, base.span))
    return any((one.document, *_core_of(one.text, one.span)) == wanted for one in verdict.occurrences)


def _core_of(text: str, span: Span) -> tuple[int, int]:
    start, end = _core(text, Span(0, len(text)))
    return span.start + start, span.start + end


def _judge_occurrences(desk: QuoteDesk, base: Base, corpus: Corpus, tally: Tally) -> None:
    found = {(one.document, *_core_of(one.text, one.span)) for one in desk.check(base.text).occurrences}
    for place in corpus.places(base.text):
        tally.add(base.document.id, place in found, f"{place}: {base.text}")


def _narrated(verdict: Verdict) -> bool:
    return not verdict.green and (verdict.headline == "narration" or verdict.axes.voice in ("narration", "headline"))


def _judge_gold(desk: QuoteDesk, gold: Sequence[Gold], rng: random.Random, tallies: dict[str, Tally]) -> None:
    quotations: dict[str, tuple[Quotation, ...]] = {}
    names: defaultdict[str, list[str]] = defaultdict(list)
    for one in gold:
        if _is_name(one.speaker):
            names[one.document.id].append(one.speaker)
    everybody = [name for named in names.values() for name in named]
    for one in gold:
        document, key = one.document, one.document.id
        if key not in quotations:
            quotations[key] = desk.collection.catalogue.quotations(key)
        direct = one.direct()
        if direct is None or not one.source:
            continue
        held = _quotation(document, quotations[key], direct)
        tallies["attribution_coverage"].add(key, held is not None and bool(held.pattern))
        if held is not None and held.pattern:
            tallies["attribution_right"].add(key, _right(one, held), f"{held.speaker} for {one.speaker}")
        wrong = [
            name
            for name in rng.sample(names[key], len(names[key]))
            if same_person(name, one.speaker, document) is False
        ]
        wrong = wrong or [name for name in rng.sample(everybody, min(5, len(everybody))) if _other(name, one)]
        _judge_claims(one, held, wrong[:1], tallies)


def _judge_claims(one: Gold, held: Quotation | None, wrong: list[str], tallies: dict[str, Tally]) -> None:
    document, key = one.document, one.document.id
    told = f"{held.speaker if held else None!r} ({held.pattern if held else ''}) for {one.speaker!r}"
    right = speaker_status(one.speaker, [relation_of(one.speaker, document, held)]) == "contradicted"
    tallies["right_speaker_contradicted"].add(key, right, told, bad=True)
    if right:
        tallies["wrong_speaker_precision"].add(key, False, told)
    if not _is_name(one.speaker):
        return
    for name in wrong:
        found = speaker_status(name, [relation_of(name, document, held)]) == "contradicted"
        tallies["wrong_speaker_recall"].add(key, found, f"{name!r}: {told}")
        if found:
            tallies["wrong_speaker_precision"].add(key, True)


def _other(name: str, one: Gold) -> bool:
    return same_person(name, one.speaker, one.document) is False


def _quotation(document: Document, quotations: Sequence[Quotation], content: Span) -> Quotation | None:
    """The quotation in marks that a marked content begins with."""
    outer = [one for one in quotations if one.kind == "marks" and not one.depth and one.span.overlaps(content)]
    return speaker_of(document, outer, outer[0].inner[0]) if outer else None


def _right(one: Gold, held: Quotation) -> bool:
    """Whether the words that name the speaker are the marked ones, or name the same; `who` is whom it stands for."""
    if held.speaker_span is not None and any(held.speaker_span.overlaps(span) for span in one.source):
        return True
    if one.speaker.casefold() in ("who", "which", "that"):
        return held.cue_span is not None and any(held.cue_span.overlaps(span) for span in one.cue)
    return held.named and bool(same_person(one.speaker, held.speaker, one.document))


def _is_name(text: str) -> bool:
    words = re.split("[,(]", text)[0].split()
    return bool(words) and words[-1][:1].isupper() and text.casefold() not in PRONOUNS


def report_of(result: dict[str, Any]) -> Iterator[str]:
    """The bars as lines for people."""
    yield f"{result['documents']} documents, seed {result['seed']}"
    yield f"{'bar':<28}{'value':>9}{'95 % interval':>20}{'n':>7}{'bound':>10}  "
    for bar in BARS:
        one = result["bars"][bar.name]
        sign = "≥" if bar.least else "≤"
        if one["value"] is None:
            yield f"{bar.name:<28}{'unmeasured':>36}{one['n']:>7}{sign + format(bar.bound, '.3f'):>10}  {bar.about}"
            continue
        limits = "{:.4f} – {:.4f}".format(*one["interval"]) if one["interval"] else "too few"
        said = "holds" if one["holds"] else "FALLS SHORT"
        yield (
            f"{bar.name:<28}{one['value']:>9.4f}{limits:>20}{one['n']:>7}{sign + format(bar.bound, '.3f'):>10}  "
            f"{said}: {bar.about}"
        )
