"""Training the reader: batches of like length, a loss over pairs and over marked tokens, checkpoints to go on from."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from app.evidence.reader_model import EVIDENCE, QUESTION, Encoded, encoded
from eval.stats import auroc
from eval.training.network import Network, freeze, from_base
from eval.training.pairs import Pair, padded

SEED = 20260
TOKENS = 0.5  # how much marked characters count beside the pair
ANSWERING = 2.5  # how much a sentence that answers counts beside one of the many that do not


@dataclass(frozen=True, slots=True)
class Plan:
    """How long, how fast and in which portions; `threads` of torch. `steps` where given count, not `epochs`."""

    epochs: float = 1.0
    steps: int | None = None
    rate: float = 6e-5
    batch: int = 32
    frozen: int = 2
    checks: int = 5  # looks at what was kept aside
    threads: int = 1
    seed: int = SEED


@dataclass(frozen=True, slots=True)
class Example:
    """A pair as numbers. `targets`: of `answers, wrong, contradicted` 1, 0 or -1 where it says nothing to it;
    `marks` the same of each judged token, for the head of its task."""

    pair: Pair
    tokens: Encoded
    targets: tuple[int, int, int]
    marks: list[int] | None


def example(pair: Pair, tokenizer: Tokenizer) -> Example:
    """Encode a pair and its marks."""

    def ids(text: str) -> list[int]:
        return list(tokenizer.encode(text, add_special_tokens=False).ids)

    judged = tokenizer.encode(pair.judged, add_special_tokens=False)
    answers = pair.task == "answers"
    tokens = encoded(ids(pair.read), ids(pair.context), judged.ids, most=QUESTION if answers else EVIDENCE)
    wrong = int(not pair.positive)
    contradicted = {"contradicted": 1, "not_enough": 0}.get(pair.label, -1)
    targets = (int(pair.positive), -1, -1) if answers else (-1, wrong, contradicted)
    marks = None
    if pair.marks is not None:
        marks = [int(any(s < end and e > start for start, end in pair.marks)) for s, e in judged.offsets]
        marks = marks[: sum(tokens.kinds)]
        if pair.marks and not any(marks):
            marks = None
    return Example(pair, tokens, targets, marks)


def batches(given: Sequence[Example], size: int, rng: random.Random) -> Iterator[list[Example]]:
    """All examples in random order, those of like length together."""
    order = rng.sample(list(given), len(given))
    found: list[list[Example]] = []
    for at in range(0, len(order), size * 24):
        near = sorted(order[at : at + size * 24], key=lambda one: len(one.tokens.ids))
        found += [near[start : start + size] for start in range(0, len(near), size)]
    rng.shuffle(found)
    yield from found


def inputs(given: Sequence[Example]) -> list[Tensor]:
    rows = padded([one.tokens for one in given])
    return [torch.from_numpy(rows[name]) for name in ("input_ids", "attention_mask", "token_type_ids")]


def loss_of(network: Network, given: Sequence[Example]) -> Tensor:
    """The mean loss of a batch."""
    logits, tokens = network(*inputs(given))
    wanted = torch.tensor([one.targets for one in given], dtype=torch.float)
    said = wanted >= 0
    answering = torch.tensor([[True, False, False]])
    pairs = functional.binary_cross_entropy_with_logits(logits, wanted.clamp(min=0), reduction="none")
    counted = said * torch.where((wanted > 0) & answering, ANSWERING, 1.0)
    marked = []
    for row, one in enumerate(given):
        if one.marks is None:
            continue
        start = one.tokens.kinds.index(1) if 1 in one.tokens.kinds else 0
        head = 0 if one.pair.task == "answers" else 1
        mine = tokens[row, start : start + len(one.marks), head]
        target = torch.tensor(one.marks, dtype=torch.float)
        each = functional.binary_cross_entropy_with_logits(mine, target, reduction="none")
        sides = [each[target == side].mean() for side in (0, 1) if (target == side).any()]
        if sides:
            marked.append(torch.stack(sides).mean())
    total = (pairs * counted).sum() / counted.sum().clamp(min=1)
    return total + TOKENS * torch.stack(marked).mean() if marked else total


@torch.no_grad()
def logits_of(
    network: Network, given: Sequence[Example], size: int = 32, *, exact: bool = False
) -> np.ndarray[Any, Any]:
    """`(len(given), 3)`, in the order given; `exact`: in single precision all the way."""
    network.eval()
    order = sorted(range(len(given)), key=lambda one: len(given[one].tokens.ids))
    found = np.zeros((len(given), 3))
    for at in range(0, len(order), size):
        part = order[at : at + size]
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=not exact):
            found[part] = network(*inputs([given[one] for one in part]))[0].float().numpy()
    network.train()
    return found


def worth(given: Sequence[Example], logits: np.ndarray[Any, Any]) -> dict[str, float]:
    """The area under the ROC curve of each head and of each source, and `both`: the mean of the heads'."""
    found: dict[str, float] = {}
    for head, task in enumerate(("answers", "supports")):
        sign = 1 if task == "answers" else -1
        rows = [
            (one.pair, sign * float(row[head])) for one, row in zip(given, logits, strict=True) if one.pair.task == task
        ]
        for name in ("", *sorted({one.source.split()[0] for one, _ in rows})):
            mine = [(one.positive, score) for one, score in rows if one.source.split()[0].startswith(name)]
            area = auroc([s for held, s in mine if held], [s for held, s in mine if not held])
            if area is not None:
                found[f"{task} {name}".strip()] = round(area, 4)
    heads = [found[task] for task in ("answers", "supports") if task in found]
    found["both"] = round(sum(heads) / max(1, len(heads)), 4)
    return found


def spread(given: Sequence[Example], logits: np.ndarray[Any, Any], times: int = 400) -> dict[str, tuple[float, float]]:
    """95 % intervals of the heads' areas under the ROC curve, drawn over documents."""
    rng = np.random.default_rng(SEED)
    places: dict[str, list[int]] = {}
    for place, one in enumerate(given):
        places.setdefault(one.pair.group, []).append(place)
    groups, found = list(places.values()), dict[str, list[float]]()
    for _ in range(times):
        drawn = [place for at in rng.integers(0, len(groups), len(groups)) for place in groups[at]]
        for name, value in worth([given[place] for place in drawn], logits[drawn]).items():
            if name in ("answers", "supports"):
                found.setdefault(name, []).append(value)
    return {
        name: (round(float(np.quantile(values, 0.025)), 4), round(float(np.quantile(values, 0.975)), 4))
        for name, values in found.items()
    }


def train(
    base: Path, tune: Sequence[Pair], aside: Sequence[Pair], tokenizer: Tokenizer, out: Path, plan: Plan
) -> Network:
    """The network at its best on what was kept aside. Goes on from `out/checkpoint.pt` where there is one."""
    torch.set_num_threads(plan.threads)
    torch.manual_seed(plan.seed)
    data = [example(one, tokenizer) for one in tune]
    held = [example(one, tokenizer) for one in aside]
    run = _Run(from_base(base), out, plan, plan.steps or max(1, int(plan.epochs * len(data) / plan.batch)))
    every = max(1, run.total // plan.checks)
    for step, batch in enumerate(_steps(data, plan, run.total), 1):
        if step <= run.done:
            continue
        run.step(batch)
        if step % 20 == 0:
            run.say(f"step {step}/{run.total} loss {np.mean(run.losses[-20:]):.4f}, {run.speed()}")
        if step % every == 0 or step == run.total:
            found = worth(held, logits_of(run.network, held))
            run.say(f"step {step}: {json.dumps(found)}")
            run.keep(found["both"])
    run.network.load_state_dict(torch.load(out / "best.pt", weights_only=True))
    return run.network.eval()


class _Run:
    """A network in training, with what is needed to go on after a stop."""

    def __init__(self, network: Network, out: Path, plan: Plan, total: int) -> None:
        freeze(network, plan.frozen)
        self.network, self.out, self.total = network.train(), out, total
        heads = [*network.token.parameters(), *network.whole.parameters()]
        body = [one for one in network.parameters() if one.requires_grad and not any(one is head for head in heads)]
        self._weights = body + heads
        self._optimizer = torch.optim.AdamW(
            [{"params": body, "lr": plan.rate}, {"params": heads, "lr": 5 * plan.rate}], weight_decay=0.01
        )
        warm = 0.06 * total
        self._scheduler = torch.optim.lr_scheduler.LambdaLR(
            self._optimizer, lambda step: min((step + 1) / warm, max(0.02, (total - step) / (total - warm)))
        )
        self.best, self.done, self._pairs = -1.0, 0, 0
        self.losses: list[float] = []
        self._began, self._clock = time.monotonic(), time.process_time()
        if (out / "checkpoint.pt").exists():
            state = torch.load(out / "checkpoint.pt", weights_only=True)
            for name, part in self._parts().items():
                part.load_state_dict(state[name])
            self.best, self.done = state["best"], state["done"]
            self.say(f"going on after step {self.done} of {total}")

    def _parts(self) -> dict[str, Any]:
        return {"network": self.network, "optimizer": self._optimizer, "scheduler": self._scheduler}

    def step(self, batch: Sequence[Example]) -> None:
        """Learn from a batch."""
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = loss_of(self.network, batch)
        self._optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._weights, 1.0)
        self._optimizer.step()
        self._scheduler.step()
        self.losses.append(float(loss.detach()))
        self._pairs += len(batch)
        self.done += 1

    def keep(self, worth: float) -> None:
        """A checkpoint; the network beside it where it is better than before."""
        if worth > self.best:
            self.best = worth
            torch.save(self.network.state_dict(), self.out / "best.pt")
        state = {name: part.state_dict() for name, part in self._parts().items()}
        torch.save(state | {"best": self.best, "done": self.done}, self.out / "checkpoint.new")
        (self.out / "checkpoint.new").replace(self.out / "checkpoint.pt")

    def speed(self) -> str:
        """Pairs a second by the clock on the wall and by the processor's."""
        wall, processor = time.monotonic() - self._began, time.process_time() - self._clock
        return f"{self._pairs / wall:.1f} pairs/s, {self._pairs / processor:.1f} a processor second"

    def say(self, text: str) -> None:
        """Print a line and keep it in the log."""
        print(text, flush=True)
        with (self.out / "log.txt").open("a", encoding="utf-8") as log:
            log.write(text + "\n")


def _steps(data: Sequence[Example], plan: Plan, total: int) -> Iterator[list[Example]]:
    made, epoch = 0, 0
    while made < total:
        for batch in batches(data, plan.batch, random.Random(plan.seed + epoch)):
            if made == total:
                return
            made += 1
            yield batch
        epoch += 1
