"""What is shown of what was found: neighbours joined to one passage, room for several documents, a sentence around."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from indexing.documents import Copy, Hit, Passage, Sentence
from indexing.sentences import count_words
from indexing.spans import Span, hull

LONGEST = 250  # words of a passage, whatever it is joined from: about two chunks
BESIDE = 1  # sentences shown before and after what was found
OF_ONE = 3  # passages of one document before those of others have had their turn

Read = Callable[[Passage, int, int], Sequence[Sentence]]


@dataclass(slots=True)
class _Run:
    """Sentences `[first, last)` of one document that are shown as one passage; `hits` are what it was made of."""

    hits: list[Hit]
    first: int
    last: int


def join(hits: Sequence[Hit], count: int, read: Read) -> list[Hit]:
    """At most `count` hits, best first: passages that touch are one, and each has the sentences around it.

    Never fewer than `count` where there are so many hits. `read` gives the sentences `[first, last)` of a passage's
    document, or none where that has just changed.
    """
    runs: list[_Run] = []
    waiting: list[_Run] = []
    of: dict[str, tuple[list[_Run], list[_Run]]] = {}  # the same, by document
    spare = max(0, len(hits) - count)
    for hit in hits:
        passage = hit.passage
        run = _Run([hit], passage.first, passage.first + len(passage.sentences))
        first, later = of.setdefault(passage.document.id, ([], []))
        beside = next((one for one in (*first, *later) if spare and _joins(one, run)), None)
        if beside:
            spare -= 1
            beside.hits.append(hit)
            beside.first, beside.last = min(beside.first, run.first), max(beside.last, run.last)
        elif len(first) < OF_ONE:
            first.append(run)
            runs.append(run)
        else:
            later.append(run)
            waiting.append(run)
    chosen = runs[:count] + waiting[: max(0, count - len(runs))]
    made = (_shown(run, read) for run in chosen)
    return sorted(made, key=lambda hit: (-hit.score, hit.passage.chunk_id))


def _joins(one: _Run, other: _Run) -> bool:
    """Whether no sentence would be missing between them, and together they are not too long."""
    a, b = one.hits[0].passage, other.hits[0].passage
    if (a.document.id, a.document.version) != (b.document.id, b.document.version):
        return False
    if other.first > one.last + BESIDE or one.first > other.last + BESIDE:
        return False
    return _fits(a.document.text, hull((b.span, *(hit.passage.span for hit in one.hits))))


def _fits(text: str, span: Span) -> bool:
    return count_words(span.of(text)) <= LONGEST


def _shown(run: _Run, read: Read) -> Hit:
    """One hit for a run: the best one's rankings, the copies of all, the sentences in between and around."""
    best = run.hits[0]
    start = max(0, run.first - BESIDE)
    sentences = read(best.passage, start, run.last + BESIDE)
    first, last = run.first - start, run.last - start
    if len(sentences) < last:
        return best  # it changed meanwhile
    text, span = best.passage.document.text, hull(tuple(hit.passage.span for hit in run.hits))
    before, after = sentences[:first], sentences[last:]
    for one in reversed(before):
        wider = hull((one.span, span))
        if one.kind == "suspect" or sentences[first].kind == "heading" or not _fits(text, wider):
            break
        first, span = first - 1, wider
    for one in after:
        wider = hull((span, one.span))
        if one.kind != "text" or not _fits(text, wider):
            break
        last, span = last + 1, wider
    inside = tuple(sentences[first:last])
    if not inside:
        return best
    passage = replace(best.passage, span=span, first=start + first, sentences=inside)
    return replace(best, passage=passage, copies=_distinct(copy for hit in run.hits for copy in hit.copies))


def _distinct(copies: Iterable[Copy]) -> tuple[Copy, ...]:
    """One for each document."""
    return tuple({copy.document_id: copy for copy in copies}.values())
