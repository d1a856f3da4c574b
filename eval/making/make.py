"""Make a suite: templates, and a model where one is configured; every item checked by search before it is kept.

What the checks are not sure of goes to a file for people instead, with the reason.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.assistant import Assistant
from app.drafting.prompting import as_data
from app.language_models.llm import AnswerCutError, LanguageModel
from app.quotes.desk import QuoteDesk
from app.quotes.result import FOUND
from eval.making.sources import Page, pages, words
from eval.making.templates import TEMPLATES, Candidate
from eval.suite import Item, SuiteError
from indexing.errors import ModelError, UsageError
from indexing.words import stems
from prompts import fill

TRIES = 6  # candidates looked at for each item wanted
DEEP = 10  # passages among which an answerable item's evidence must be found
LONGEST = 300  # characters of a question by a model


@dataclass(frozen=True, slots=True)
class Made:
    """The items of the suite, and those that a person should look at, each with the reason."""

    items: tuple[Item, ...]
    doubtful: tuple[tuple[Item, str], ...]

    def counts(self) -> dict[str, int]:
        return dict(sorted(Counter(item.type for item in self.items).items()))


def make_suite(
    assistant: Assistant, count: int, kinds: Sequence[str] = (), seed: int = 1, model: LanguageModel | None = None
) -> Made:
    """Up to `count` items of each kind, spread over the documents; the same for the same seed and collection.

    Raises UsageError for a kind there is not, SuiteError when the collection gives nothing.
    """
    chosen = list(kinds) or [*TEMPLATES, *(["model"] if model else [])]
    if unknown := [kind for kind in chosen if kind not in (*TEMPLATES, "model")]:
        raise UsageError(f"there is no kind {unknown[0]!r}; the kinds are {', '.join([*TEMPLATES, 'model'])}")
    if "model" in chosen and model is None:
        raise UsageError("the kind `model` needs a language model; name one with --llm")
    shelf = list(pages(assistant.collection))
    checker = _Checker(assistant)
    items: list[Item] = []
    doubtful: list[tuple[Item, str]] = []
    for kind in chosen:
        rng = random.Random(f"{seed} {kind}")  # a choice of examples, not a secret
        kept = 0
        for candidate in _spread(kind, shelf, rng, count * TRIES, model):
            item = candidate.item.model_copy(
                update={"id": f"{kind}-{kept + 1:03}", "note": f"made: {kind}, seed {seed}"}
            )
            reason = checker.doubt(candidate)
            if reason:
                doubtful.append((item.model_copy(update={"id": f"{kind}-x{len(doubtful) + 1:03}"}), reason))
                continue
            items.append(item)
            kept += 1
            if kept == count:
                break
    if not items:
        raise SuiteError("no item could be made of this collection; it needs sentences, titles or quotations")
    return Made(tuple(items), tuple(doubtful))


def write_suite(made: Made, out: Path, review: Path) -> None:
    """The suite as JSONL, and the doubtful items beside it: a line each, with `doubt` and a `keep` to fill in."""
    lines = [json.dumps(_bare(item), ensure_ascii=False) for item in made.items]
    out.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    queue = [{**_bare(item), "doubt": reason, "keep": None} for item, reason in made.doubtful]
    review.write_text("".join(f"{json.dumps(one, ensure_ascii=False)}\n" for one in queue), encoding="utf-8")


def _bare(item: Item) -> dict[str, Any]:
    return item.model_dump(mode="json", exclude_defaults=True) | {"type": item.type, "id": item.id}


def _spread(
    kind: str, shelf: Sequence[Page], rng: random.Random, most: int, model: LanguageModel | None
) -> Iterator[Candidate]:
    """Candidates of a kind, one document after the other in a random order, then again, at most `most`."""
    order = rng.sample(list(shelf), len(shelf))
    waiting = []
    for page in order:
        found = _by_model(page, rng, model) if kind == "model" and model else list(TEMPLATES[kind](page, rng))
        if found:
            waiting.append(rng.sample(found, len(found)))
        if kind == "model" and len(waiting) >= most:
            break
    given = 0
    while waiting and given < most:
        for candidates in list(waiting):
            yield candidates.pop()
            given += 1
            if not candidates:
                waiting.remove(candidates)
            if given >= most:
                return


def _by_model(page: Page, rng: random.Random, model: LanguageModel) -> list[Candidate]:
    """A question that a model puts to one sentence, with its answer, which must stand there word for word."""
    if not page.sentences:
        return []
    text = page.text(rng.choice(page.sentences))
    prompt = fill("make_question", title=as_data(page.document.metadata.title), sentence=as_data(text))
    try:
        said = "".join(model.stream("You write questions for a reading test.", prompt, ()))
    except (ModelError, AnswerCutError):
        return []
    lines = dict(line.split(":", 1) for line in said.splitlines() if ":" in line)
    question, answer = (lines.get(key, "").strip() for key in ("Question", "Answer"))
    fits = question.endswith("?") and len(question) <= LONGEST and answer and answer.casefold() in text.casefold()
    if not fits or answer.casefold() in question.casefold():
        return []
    values = {"id": "made", "type": "single_fact", "question": question, "answer": answer}
    evidence = [{"file": page.document.name, "quote": text}]
    return [Candidate(Item.model_validate({**values, "evidence": evidence, "cluster": page.document.name}))]


class _Checker:
    """Whether an item is what it says it is, as far as search can tell."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant
        self._desk = QuoteDesk(assistant.collection)
        self._asked: set[str] = set()

    def doubt(self, candidate: Candidate) -> str:
        """Why a person should look at it; empty where it can be kept."""
        item = candidate.item
        if item.question in self._asked:
            return "asked already"
        self._asked.add(item.question)
        if candidate.absent and self._is_there(candidate.absent):
            return f"“{candidate.absent}” stands in the collection"
        if item.type.startswith("unanswerable"):
            return ""
        for evidence in item.evidence:
            verdict = self._desk.check(evidence.quote)
            places = {one.group for one in verdict.occurrences}
            if verdict.axes.words not in FOUND or not any(one.file == evidence.file for one in verdict.occurrences):
                return "its evidence is not found word for word"
            if len(places) > 1:
                return "its evidence stands in several documents, so that its answer may not be the only one"
        hits = self._assistant.search(item.question[:2000])[:DEEP]
        held = all(
            any(hit.passage.document.name == one.file and one.quote in hit.passage.text for hit in hits)
            for one in item.evidence
        )
        return "" if held else f"search does not find its evidence among the first {DEEP} passages"

    def _is_there(self, text: str) -> bool:
        if len(words(text)) > 1:
            return self._desk.check(text).axes.words in FOUND
        terms = stems(text)
        return bool(self._assistant.collection.by_words(text, 1)) if terms else False
