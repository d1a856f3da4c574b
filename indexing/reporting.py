"""The lexicon of words that give words to somebody, per language; data files, versioned by their content."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from importlib import resources
from typing import Literal

LANGUAGES = ("en", "de", "fr")


@dataclass(frozen=True, slots=True)
class Reporting:
    """`verbs` maps a form to whether it may also follow what it reports (`speech`) or only name it (`naming`);
    `openers` are the words before a speaker who is named after a preposition (`according to`)."""

    verbs: dict[str, Literal["speech", "naming"]]
    openers: tuple[tuple[str, ...], ...]
    fingerprint: str


@functools.cache
def reporting() -> Reporting:
    """The forms of all languages together: hardly a form means something else in another of them."""
    verbs: dict[str, Literal["speech", "naming"]] = {}
    openers: list[tuple[str, ...]] = []
    digest = hashlib.sha256()
    for language in LANGUAGES:
        text = (resources.files("indexing") / "lexicons" / f"reporting.{language}.txt").read_text(encoding="utf-8")
        digest.update(text.encode())
        section = ""
        for line in text.splitlines():
            if line.startswith("["):
                section = line.strip("[]")
            elif line and not line.startswith("#"):
                if section == "speaker_after":
                    openers.append(tuple(line.split()))
                else:
                    for form in line.split():
                        verbs.setdefault(form, "speech" if section == "speech" else "naming")
    return Reporting(verbs, tuple(openers), digest.hexdigest()[:12])
