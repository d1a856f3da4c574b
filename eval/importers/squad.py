"""SQuAD 1.1, SQuAD 2.0 and their like (XQuAD): every paragraph a document, every answer an exact span of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from eval.importers.layout import Imported, json_file, wanted


def read_squad(path: Path) -> Imported:
    """Questions marked impossible become near misses; the article is the cluster."""
    found = Imported()
    for at, article in enumerate(wanted(json_file(path), "data", str(path))):
        place = f"{path}: data.{at}"
        title = str(article.get("title") or f"article-{at}") if isinstance(article, dict) else ""
        for number, paragraph in enumerate(wanted(article, "paragraphs", place)):
            where = f"{place}.paragraphs.{number}"
            context = str(wanted(paragraph, "context", where))
            file = found.document(f"{title}-{number:02}", context)
            for index, question in enumerate(wanted(paragraph, "qas", where)):
                found.items.append(_item(question, context, file, title, f"{where}.qas.{index}"))
    return found


def _item(question: Any, context: str, file: str, title: str, place: str) -> dict[str, Any]:
    item = {"id": str(wanted(question, "id", place)), "question": wanted(question, "question", place), "cluster": title}
    answers = question.get("answers") or []
    if question.get("is_impossible") or not answers:
        return {**item, "type": "unanswerable_near"}
    texts = list(dict.fromkeys(str(wanted(answer, "text", place)) for answer in answers))
    start = wanted(answers[0], "answer_start", place)
    evidence: dict[str, Any] = {"file": file, "quote": texts[0]}
    if isinstance(start, int) and context[start : start + len(texts[0])] == texts[0]:
        evidence["start"] = start
    return {**item, "type": "single_fact", "answer": texts[0], "aliases": texts[1:], "evidence": [evidence]}
