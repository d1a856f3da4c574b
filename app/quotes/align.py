"""Where in a text a quote stands nearly. The only file that imports edlib."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import edlib

SYMBOLS = 255  # different words of a quote that are told apart; all other words of the text are one symbol
LEAST = 0.6  # of a quote's words that must stand in the text in the same order


def locate(quote: Sequence[str], text: Sequence[str]) -> list[tuple[int, int]]:
    """The stretches of words of a text that are nearest to a quote, equally near ones; none where too little is alike.

    The words at the edges of a stretch may differ from the quote's.
    """
    if not quote or not text:
        return []
    symbols = {word: min(number, SYMBOLS) for number, word in enumerate(dict.fromkeys(quote), 1)}
    pattern, row = bytes(symbols[word] for word in quote), bytes(symbols.get(word, 0) for word in text)
    most = int(len(quote) * (2 - 2 * LEAST)) + 3
    found = edlib.align(pattern, row, mode="HW", task="locations", k=most)["locations"]
    places: list[tuple[int, int]] = []
    for start, end in sorted((start or 0, end + 1) for start, end in found):
        if places and start < places[-1][1]:
            places[-1] = places[-1][0], max(end, places[-1][1])
        else:
            places.append((start, end))
    return places


def shingles(words: Sequence[str], size: int) -> list[tuple[str, ...]]:
    """The different runs of so many words, in order."""
    return list(
        dict.fromkeys(itertools.pairwise(words) if size == 2 else zip(*(words[n:] for n in range(size)), strict=False))
    )
