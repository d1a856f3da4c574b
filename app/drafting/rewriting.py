"""A follow-up said in full by a language model; by our own rules whenever that gives nothing to be trusted."""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from contextlib import closing

from app.answers import Turn
from app.drafting.prompting import as_data, recent
from app.language_models.llm import AnswerCutError, LanguageModel, count_tokens
from app.language_models.spending import spend
from app.questions.conversation import Asked, Rewrite, leans, rewrite
from indexing.errors import ModelError
from indexing.hostile import is_instruction
from indexing.words import stems
from prompts import fill

SYSTEM = "You rewrite questions so that they can be understood alone."
HISTORY = 800  # tokens of the conversation that are shown
LONGEST = 400  # characters of a question; a model that writes more has done something else
LEAD = re.compile(r"^\W*(?:(?:rewritten|standalone|full)?\s*question)\s*:\s*", re.IGNORECASE)


def rewriter(model: LanguageModel) -> Rewrite:
    """Rewrites with one request, and only where the question leans on the conversation."""

    def by_model(question: str, history: Sequence[Turn]) -> Asked:
        ruled = rewrite(question, history)
        if not history or not leans(question):
            return ruled
        try:
            full = _checked(_written(model, question, history), question, history)
        except (ModelError, AnswerCutError):
            return ruled  # the answer that follows meets the same endpoint, and says what is wrong with it
        return Asked(question, full, f"{full} {ruled.searched}") if full else ruled

    return by_model


def _written(model: LanguageModel, question: str, history: Sequence[Turn]) -> str:
    turns = recent(history, HISTORY)
    conversation = "\n".join(f"{turn.role}: {turn.content}" for turn in turns)
    prompt = fill("rewrite", conversation=conversation, question=as_data(question))
    said = ""
    try:
        with closing(_all(model, prompt)) as deltas:
            for delta in deltas:
                said += delta
                if len(said) > LONGEST * 2 or "\n" in said.strip():
                    break
    finally:
        spend(count_tokens(SYSTEM) + count_tokens(prompt), count_tokens(said))
    return said


def _all(model: LanguageModel, prompt: str) -> Generator[str, None, None]:
    yield from model.stream(SYSTEM, prompt, ())


def _checked(said: str, question: str, history: Sequence[Turn]) -> str:
    """One plain question made of words of the conversation; empty when it is something else."""
    full = " ".join(LEAD.sub("", said.strip().split("\n")[0]).strip(" \"'“”").split())
    known = set(stems(" ".join([question, *(turn.content for turn in history)])))
    words = set(stems(full))
    strange = len(words - known) > max(2, len(words) // 4)
    if not full or len(full) > LONGEST or strange or is_instruction(full) or not words & set(stems(question)):
        return ""
    return full
