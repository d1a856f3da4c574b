"""Answers written by a language model: numbered sentences go in, statements with references come out.

The model never carries text from a source to the reader: a citation is sliced from the document that a reference names.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from app.answers import Draft, Restart, Statement, Turn, Usage
from app.drafting.citing import Tally, notices, statement_of, words_of
from app.drafting.prompting import TOKENS_PER_MESSAGE, Reply, Shown, as_data, examples, excerpts, recent, show
from app.drafting.references import WITHDRAWN, Claim
from app.drafting.replies import ReplyReader
from app.evidence.candidates import Evidence
from app.language_models.constraints import Constraint, Form
from app.language_models.llm import (
    AnswerCutError,
    Constrainable,
    ConstraintRefusedError,
    LanguageModel,
    answer_tokens,
    count_tokens,
)
from app.language_models.spending import cost
from indexing.documents import Hit
from indexing.errors import ModelError
from prompts import fill

REFUSAL = "NO ANSWER"  # what a model writes when the passages do not answer
MARGIN = 0.9  # of a context: the model's tokenizer is not the one that counts
SHORT = 600  # tokens of sentences that a short prompt shows at most
FEW = 3  # sentences that an answer to a short prompt may have


@dataclass(frozen=True, slots=True)
class Prompt:
    """What one request says, and what it shows the model."""

    system: str
    user: str
    turns: tuple[Turn, ...]
    shown: Shown

    @property
    def tokens(self) -> int:
        return sum(map(count_tokens, (self.system, self.user, *(turn.content for turn in self.turns))))


class GenerativeAnswerer:
    """Asks `model` with as many passages as fit into `context` tokens beside the history and the answer.

    With `short`: with a worked example and the sentences that fit the question best, as small models need it.
    """

    def __init__(
        self,
        model: LanguageModel,
        context: int,
        prices: tuple[float, float] | None = None,
        *,
        short: bool = False,
    ) -> None:
        """`prices` are dollars per million tokens in and out."""
        self._model = model
        self._context = context
        self._prices = prices
        self.short = short

    def __call__(
        self, question: str, history: Sequence[Turn], hits: Sequence[Hit], evidence: Evidence | None = None
    ) -> Iterator[Statement | Restart | Draft]:
        """Statements, unchecked, each as soon as the model has finished it, and last the Draft that holds them all.

        A Restart withdraws those before it: the model was thinking aloud.

        A Draft without statements: the model says that the passages do not answer. ModelError when the endpoint fails,
        also after statements that then are to be withdrawn. `evidence` has the sentences for a short prompt.
        """
        if not hits:
            yield Draft((), "llm")
            return
        said: list[str] = []
        tally = Tally()
        form: Form = self._model.form if isinstance(self._model, Constrainable) else "text"
        prompt = self._prompt(form, question, history, hits, evidence)
        try:
            yield from self._statements(form, prompt, question, said, tally)
        except ConstraintRefusedError:
            form, prompt = "text", self._prompt("text", question, history, hits, evidence)
            yield from self._statements(form, prompt, question, said, tally)
            if isinstance(self._model, Constrainable):
                self._model.form = "text"  # it was the constraint that the endpoint does not take
        yield Draft(tuple(tally.statements), "llm", tuple(notices(tally)), self._usage(prompt, said))

    def _statements(
        self, form: Form, prompt: Prompt, question: str, said: list[str], tally: Tally
    ) -> Iterator[Statement | Restart]:
        for claim in self._claims(self._stream(form, prompt), said, tally):
            if claim is WITHDRAWN:
                tally.forget()
                yield Restart()
                continue
            if claim.text.startswith(REFUSAL) or words_of(claim.text) == words_of(REFUSAL):
                return
            if (statement := statement_of(claim, question, prompt.shown, tally)) is not None:
                tally.statements.append(statement)
                yield statement

    def _stream(self, form: Form, prompt: Prompt) -> Iterator[str]:
        if form == "text" or not isinstance(self._model, Constrainable):
            return self._model.stream(prompt.system, prompt.user, prompt.turns)
        to = Constraint(prompt.shown.references, REFUSAL, *((FEW,) if self.short else ()))
        return self._model.stream_held(prompt.system, prompt.user, prompt.turns, to)

    def _claims(self, stream: Iterator[str], said: list[str], tally: Tally) -> Iterator[Claim]:
        """The claims of the answer; `said` collects its deltas. One that runs on for ever is cut."""
        reader = ReplyReader()
        room = answer_tokens(self._context) * 12  # characters; a token has about four
        with closing(closable(stream)) as deltas:
            try:
                for delta in deltas:
                    said.append(delta[:room])
                    yield from reader.feed(delta[:room])
                    if (room := room - len(delta)) < 0:
                        raise AnswerCutError("the answer does not end")
            except AnswerCutError:
                tally.notices.append("The model's answer was cut at its length limit.")
                yield from (claim for claim in reader.finish() if claim.finished)
            else:
                yield from reader.finish()
        tally.unread += reader.unread

    def _prompt(
        self, form: Form, question: str, history: Sequence[Turn], hits: Sequence[Hit], evidence: Evidence | None
    ) -> Prompt:
        reply: Reply = "json" if form == "schema" else "text"
        if self.short and evidence is not None and evidence.ranked:
            return self._short_prompt(reply, evidence)
        system = fill("answer", form=_told(f"answer_{reply}", reply))
        asked = {"question": as_data(question), "reminder": fill(f"reminder_{reply}").rstrip()}
        budget = self._room(system + fill("question", passages="", **asked))
        turns = recent(history, budget // 4)
        budget -= sum(count_tokens(turn.content) + TOKENS_PER_MESSAGE for turn in turns)
        shown = _some(show([hit.passage for hit in hits], budget))
        return Prompt(system, fill("question", passages=shown.text, **asked), turns, shown)

    def _short_prompt(self, reply: Reply, evidence: Evidence) -> Prompt:
        """The question in full instead of the conversation, and a worked example, which a server reads only once."""
        system = fill("short", form=_told(f"short_{reply}", reply))
        turns = examples(reply)
        question = as_data(evidence.question)
        used = system + fill("short_question", question=question, passages="")
        budget = self._room(used) - sum(count_tokens(turn.content) + TOKENS_PER_MESSAGE for turn in turns)
        shown = _some(excerpts(evidence.ranked, min(budget, SHORT)))
        return Prompt(system, fill("short_question", question=question, passages=shown.text).rstrip(), turns, shown)

    def _room(self, used: str) -> int:
        """The tokens that are left for passages and history."""
        room = int((self._context - answer_tokens(self._context)) * MARGIN)
        return room - count_tokens(used) - 2 * TOKENS_PER_MESSAGE

    def _usage(self, prompt: Prompt, said: Sequence[str]) -> Usage:
        """Tokens as we count them, since not every endpoint tells."""
        asked, told = prompt.tokens, count_tokens("".join(said))
        return {
            "prompt_tokens": asked,
            "answer_tokens": told,
            "passages_shown": len(prompt.shown.passages),
            "cost_usd": cost(asked, told, self._prices),
        }


def _told(name: str, reply: Reply) -> str:
    """How to reply; the line that refuses stands in plain text alone."""
    return (fill(name, refusal=REFUSAL) if reply == "text" else fill(name)).rstrip()


def _some(shown: Shown) -> Shown:
    if not shown.passages:
        raise ModelError("the question leaves no room for a passage; raise llm_context, or ask a shorter question")
    return shown


def closable(deltas: Iterator[str]) -> Generator[str, None, None]:
    """Closing it closes `deltas`, so that a request ends when its reader walks away."""
    yield from deltas
