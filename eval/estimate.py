"""What a run will take, before it begins: items, tokens at most, money at most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.settings import Settings
from eval.judges.canaries import IN_RUN
from eval.suite import Item

MILLION = 1_000_000
STATEMENTS = 3  # of an answer, where the cost of judging is estimated


@dataclass(frozen=True, slots=True)
class Prices:
    """Money for a million tokens read and written; None where nobody said."""

    prompt: float | None = None
    answer: float | None = None

    def of(self, usage: Mapping[str, Any]) -> float | None:
        """What an answer cost; None without prices or without counted tokens."""
        read, written = usage.get("prompt_tokens"), usage.get("answer_tokens") or 0
        if self.prompt is None or self.answer is None or not isinstance(read, int | float):
            return None
        money = read * self.prompt + written * self.answer
        return round(money / MILLION, 9)


def estimate(items: Sequence[Item], settings: Settings, prices: Prices, ours: bool) -> Iterator[str]:
    """Lines for people. An upper bound: every prompt fills the context, every answer its share of it."""
    types = Counter(item.type for item in items)
    counted = ", ".join(f"{name} {count}" for name, count in sorted(types.items()))
    yield f"{len(items)} items ({counted}), {len({item.group for item in items})} clusters"
    if not ours:
        yield "what the target costs, it alone knows"
    elif not settings.llm:
        yield "extractive answers: no model is asked, no tokens, no money"
    else:
        yield from _written(len(items), settings, prices)


def estimate_judging(items: int, settings: Settings, prices: Prices) -> Iterator[str]:
    """What a model as judge takes at most, for answers of some statements each; `settings.llm` is the judge."""
    from app.language_models.llm import answer_tokens

    calls = items * (2 * STATEMENTS + 1) + 2 * IN_RUN
    written = calls * answer_tokens(settings.llm_context)
    read = calls * settings.llm_context - written
    yield (
        f"judge {settings.llm}: two calls a statement and one an answer, so for {STATEMENTS} statements each, and with "
        f"{IN_RUN} canaries, {calls:,} calls, at most {read:,} tokens read and {written:,} written"
    )
    money = prices.of({"prompt_tokens": read, "answer_tokens": written})
    yield (
        f"judging costs at most {money:.2f} at the given prices"
        if money is not None
        else "give --judge-price-in and --judge-price-out (for a million tokens) to see the money"
    )


def _written(items: int, settings: Settings, prices: Prices) -> Iterator[str]:
    from app.language_models.llm import answer_tokens

    written = items * answer_tokens(settings.llm_context)
    read = items * settings.llm_context - written
    yield f"{settings.llm}: at most {read:,} tokens read and {written:,} written"
    money = prices.of({"prompt_tokens": read, "answer_tokens": written})
    yield (
        f"at most {money:.2f} at the given prices"
        if money is not None
        else ("give --price-in and --price-out (for a million tokens) to see the money")
    )
