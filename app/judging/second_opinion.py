"""A language model's opinion on a statement, beside the gate's own: always labelled, and never the last word upward.

It may lower any support. It may raise one that rests on wording alone by one step; a quotation, figure or name that the
sources do not have stays unsupported whatever a model says.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from typing import Literal, cast

from app.drafting.generate import closable
from app.drafting.prompting import as_data
from app.grounding.judgement import EVEN, Judgement
from app.language_models.llm import AnswerCutError, LanguageModel, count_tokens, language_model
from app.language_models.spending import spend
from app.settings import Settings
from indexing.errors import ModelError, UsageError
from prompts import fill

View = Literal["supported", "partly", "unsupported"]

RANKS: tuple[View, ...] = ("unsupported", "partly", "supported")
ENOUGH = 400  # characters of an opinion that are read
REASON = 160  # characters of its reason that are shown


class SecondOpinion:
    """Asks `model` about one statement at a time."""

    def __init__(self, model: LanguageModel) -> None:
        self._model = model

    def __call__(self, said: str, sentences: Sequence[str], judged: Judgement) -> Judgement:
        """The judgement as it stands after the opinion, which its reason names; a failing endpoint changes nothing."""
        try:
            view, why = self._ask(said, sentences)
        except ModelError as error:
            return replace(judged, reason=f"{judged.reason} (no second opinion: {error})")
        if view is None:
            return replace(judged, reason=f"{judged.reason} (no second opinion: {self._model.name} gave none)")
        label = f"second opinion of {self._model.name}: {view}" + (f", “{why}”" if why else "")
        mine, theirs = RANKS.index(cast(View, judged.support)), RANKS.index(view)
        if theirs < mine:
            return judged.lowered(cast(Literal["partly", "unsupported"], view), f"{judged.reason}; {label}")
        if theirs > mine and not judged.hard:
            raised = RANKS[mine + 1]
            score = EVEN if raised == "supported" else judged.score
            return replace(judged, support=raised, reason=f"{judged.reason}; {label}", score=score)
        return replace(judged, reason=f"{judged.reason}; {label}")

    def view(self, said: str, sentences: Sequence[str]) -> View | None:
        """What the model says of a statement by itself; None where it says nothing of the kind. Raises ModelError."""
        return self._ask(said, sentences)[0]

    def _ask(self, said: str, sentences: Sequence[str]) -> tuple[View | None, str]:
        shown = "\n".join(f"- {as_data(sentence)}" for sentence in sentences)
        user = fill("judged", sentences=shown or "- (none)", statement=as_data(said))
        answer = said_by(self._model, fill("judge"), user, ENOUGH)
        found = re.search(r"\b(UNSUPPORTED|NOT SUPPORTED|PARTLY|SUPPORTED)\b", answer, re.IGNORECASE)
        if not found:
            return None, ""
        word = found[1].upper()
        view: View = "partly" if word == "PARTLY" else "supported" if word == "SUPPORTED" else "unsupported"
        why = re.sub(r"[^\w\s.,;:%$'()-]", "", " ".join(answer[found.end() :].split())).strip(" .,:;-")
        return view, why[:REASON]


def said_by(model: LanguageModel, system: str, user: str, enough: int) -> str:
    """What a model says, as far as it comes, and hardly more than `enough` characters of it. Raises ModelError."""
    answer = ""
    with closing(closable(model.stream(system, user, ()))) as deltas:
        try:
            for delta in deltas:
                answer += delta
                if len(answer) > enough:
                    break
        except AnswerCutError:
            pass
        finally:
            spend(count_tokens(system) + count_tokens(user), count_tokens(answer))
    return answer


def second_opinion(settings: Settings) -> SecondOpinion | None:
    """The opinion that the settings ask for; UsageError where they name no model."""
    if not settings.second_opinion:
        return None
    if not settings.llm:
        raise UsageError(
            "a second opinion needs a language model; name one with --llm, ONRECORD_LLM or llm in onrecord.toml"
        )
    return SecondOpinion(language_model(settings))
