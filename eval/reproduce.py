"""Figures that others published, computed again from what they released, to check our measures by.

Word overlap is the share of a response's tokens, `[a-z0-9]+` of its lower case, that stand in its sources.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from eval.importers.judged import read_ragtruth
from eval.importers.layout import json_file, json_lines, wanted
from eval.judges.gate_judge import overlap
from eval.judges.human_labels import mtrag_responses
from eval.stats import auroc
from eval.suite import SuiteError


def reproduce_ragtruth(path: Path) -> list[dict[str, Any]]:
    """AUROC of word overlap as a detector of responses with a span that people marked as unsupported, by task."""
    imported = read_ragtruth(path)
    tasks = {str(row.get("source_id")): str(row.get("task", "all")) for _, row in json_lines(path)}
    by_task: dict[str, list[tuple[float, bool]]] = {}
    for item, answer in zip(imported.items, imported.answers.get("", []), strict=True):
        source = " ".join([item["question"], *(passage["text"] for passage in answer["retrieved"])])
        pair = overlap(answer["answer"], source), bool(answer["label"]["supported"])
        by_task.setdefault(tasks[item["cluster"]], []).append(pair)
    return [
        {
            "what": f"word overlap, RAGTruth {task}: AUROC",
            "value": round(area, 4),
            "n": len(pairs),
            "flagged": sum(not good for _, good in pairs),
        }
        for task, pairs in sorted(by_task.items())
        if (area := auroc([s for s, good in pairs if good], [s for s, good in pairs if not good])) is not None
    ]


def reproduce_mtrag(path: Path) -> list[dict[str, Any]]:
    """Spearman correlation with people's faithfulness ratings (their mean), over the responses of models to answerable
    and partial turns: of word overlap, and of the judge scores that were released with them."""
    from scipy.stats import spearmanr

    whole = json_file(path)
    for key in ("documents", "tasks", "evaluations"):
        wanted(whole, key, str(path))
    rows = []
    for one, sources, people in mtrag_responses(whole):
        judged = float(one["annotations"]["rl_f"]["composite"]["value"])
        rows.append((overlap(one["model_response"], " ".join(sources)), judged, people))
    if not rows:
        raise SuiteError(f"{path}: there is no response of a model to an answerable turn")
    overlaps, judgements, ratings = np.array(rows).T
    return [
        {
            "what": f"{name}, MTRAG human faithfulness: Spearman",
            "value": round(float(spearmanr(values, ratings).statistic), 4),
            "n": len(rows),
        }
        for name, values in (("word overlap", overlaps), ("released judge scores rl_f", judgements))
    ]


REPRODUCED: Mapping[str, Callable[[Path], list[dict[str, Any]]]] = {
    "ragtruth": reproduce_ragtruth,
    "mtrag": reproduce_mtrag,
}
