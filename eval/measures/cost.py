"""What an answer costs, and how often there is none. Times are in timings.json: they differ from run to run."""

from __future__ import annotations

from functools import partial

from eval.measures.parts import Definition, Part, one
from eval.records import Record


def definitions() -> tuple[Definition, ...]:
    tokens = (("prompt_tokens", "read by"), ("answer_tokens", "written by"))
    return (
        *(
            Definition(
                name,
                "cost",
                f"Tokens {verb} the model for an item, as the target counts them.",
                "items that did not fail; those of a target that does not count are unmeasured",
                partial(_usage, name),
                better="lower",
                share=False,
            )
            for name, verb in tokens
        ),
        Definition(
            "money",
            "cost",
            "Money for an item, from its tokens and the prices given to `run`.",
            "items; without prices unmeasured",
            _money,
            better="lower",
            share=False,
        ),
        Definition(
            "failed",
            "cost",
            "The share of items that have no answer because something broke; everywhere else they are unmeasured.",
            "all items",
            _failed,
            better="lower",
        ),
    )


def _usage(name: str, record: Record) -> Part | None:
    if record.output is None:
        return one(None)
    counted = record.output.usage.get(name)
    return one(float(counted) if isinstance(counted, int | float) else None)


def _money(record: Record) -> Part | None:
    return one(record.cost)


def _failed(record: Record) -> Part | None:
    return one(record.output is None)
