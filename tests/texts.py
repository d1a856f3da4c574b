"""Texts for tests: strategies for plain and hostile ones, and the folder of our own documents."""

from __future__ import annotations

from pathlib import Path

from hypothesis import strategies as st

SEEDS = Path(__file__).parent.parent / "seeds"

LINE_ENDS = ("\n", "\r\n", "\r", "\x85", "\u2028", "\u2029", "\v", "\f")
PARTS = (
    *LINE_ENDS,
    "\n\n",
    "\r\n\r\n",
    " ",
    "  ",
    "\t",
    "\u00a0",
    "\u200b",
    "\u00ad",
    "The minister said no.",
    "“We agreed,” he said.",
    "Mr. Smith met Dr. Jones at 5 p.m. on Jan. 3.",
    "It rose by 3.5 per cent",
    "A short heading",
    "Advertisement",
    "Share on Facebook",
    "- one item",
    "2) another",
    "(a) a third",
    "word",
    "um",
    "...",
    "!?",
    "…",
    "-",
    "\u0301",
    "é",
    "ﬁ",
    "会議は東京で開かれた。",
    "한국어",
    "\U0001f600",
    "\0",
    "**",
    "[a](b)",
    "# ",
    "> ",
    "```",
    "|",
)
composed = st.lists(st.sampled_from(PARTS), max_size=40).map("".join)
"""Texts put together from what makes splitters stumble."""
any_text = st.one_of(st.text(max_size=200), composed)
