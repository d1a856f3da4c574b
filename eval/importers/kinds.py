"""The layouts that can be imported, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from eval.importers.beir import read_beir
from eval.importers.judged import read_ragtruth, read_summedits, read_wice
from eval.importers.layout import Imported
from eval.importers.mtrag import read_mtrag
from eval.importers.ragas import read_ragas
from eval.importers.squad import read_squad

KINDS: Mapping[str, Callable[[Path], Imported]] = {
    "squad": read_squad,
    "ragtruth": read_ragtruth,
    "summedits": read_summedits,
    "wice": read_wice,
    "mtrag": read_mtrag,
    "ragas": read_ragas,
    "beir": read_beir,
}
