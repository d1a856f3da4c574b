"""BEIR: a folder with corpus.jsonl, queries.jsonl and qrels/*.tsv. Whole documents are relevant, so read
`document_recall_at_5` and `_at_10`; strict recall wants a passage that holds a document whole."""

from __future__ import annotations

from pathlib import Path

from eval.importers.layout import Imported, json_lines, wanted
from eval.suite import SuiteError

SPLITS = ("test", "dev", "train")


def read_beir(path: Path) -> Imported:
    """The first split of test, dev and train that there is."""
    found = Imported()
    files: dict[str, tuple[str, str]] = {}
    for place, entry in json_lines(path / "corpus.jsonl"):
        key, title = str(wanted(entry, "_id", place)), str(entry.get("title") or "")
        text = "\n\n".join(part for part in (title, str(wanted(entry, "text", place))) if part)
        if text.strip():
            files[key] = found.document(key, text), text
    relevant = _qrels(path)
    for place, query in json_lines(path / "queries.jsonl"):
        key = str(wanted(query, "_id", place))
        if key not in relevant:
            continue
        evidence = []
        for document, line in relevant[key]:
            if document not in files:
                raise SuiteError(f"{line}: the document {document!r} is not in corpus.jsonl")
            evidence.append({"file": files[document][0], "quote": files[document][1]})
        question = wanted(query, "text", place)
        found.items.append({"id": key, "type": "general", "question": question, "evidence": evidence, "cluster": key})
    return found


def _qrels(path: Path) -> dict[str, list[tuple[str, str]]]:
    """The relevant documents of each query, each with its place."""
    file = next((path / "qrels" / f"{name}.tsv" for name in SPLITS if (path / "qrels" / f"{name}.tsv").is_file()), None)
    if file is None:
        raise SuiteError(f"{path / 'qrels'} holds none of {', '.join(f'{name}.tsv' for name in SPLITS)}")
    relevant: dict[str, list[tuple[str, str]]] = {}
    for number, line in enumerate(file.read_text(encoding="utf-8-sig").splitlines(), 1):
        cells = line.split("\t")
        if number == 1 and not cells[-1].strip().lstrip("-").isdigit():
            continue  # the head
        if len(cells) not in (3, 4) or not cells[-1].strip().lstrip("-").isdigit():
            raise SuiteError(f"{file}:{number}: not query, document and grade between tabs")
        if int(cells[-1]) > 0:
            relevant.setdefault(cells[0], []).append((cells[-2], f"{file}:{number}"))
    return relevant
