"""From matches to one verdict: the axes, the worst of them as the headline, and the whole in a plain sentence."""

from __future__ import annotations

from collections.abc import Sequence

from app.quotes.result import FOUND, Axes, Edit, Headline, Occurrence, Searched, Severity
from indexing.spans import Span

CLEAN_VOICES = ("", "quoted", "author", "nested", "second_hand")
CUTS = ("cut_before", "cut_after")


def headline_of(axes: Axes, severity: Severity) -> Headline:
    """The worst that the axes say, in the order that the desk promises."""
    if axes.words in ("not_found", "too_short", "paraphrase"):
        return axes.words
    altered = axes.words == "altered"
    order: Sequence[tuple[bool, Headline]] = (
        (axes.integrity in ("spliced", "across_documents", "across_turns"), "spliced"),
        (altered and severity in ("critical", "") and axes.integrity != "reordered", "altered"),
        (axes.speaker == "contradicted", "misattributed"),
        (axes.context in CUTS, "context_cut"),
        (axes.integrity == "elision_hides", "elision_hides"),
        (axes.voice not in CLEAN_VOICES, "narration"),
        (altered and axes.integrity == "reordered", "reordered"),
        (altered, "altered"),
        (axes.speaker == "conflicting", "speaker_conflicting"),
    )
    return next((headline for holds, headline in order if holds), axes.words)


def is_green(axes: Axes) -> bool:
    return (
        axes.words in FOUND
        and axes.integrity in ("contiguous", "elided")
        and axes.context == "clean"
        and axes.voice in CLEAN_VOICES
        and axes.speaker in ("confirmed", "not_claimed")
    )


def sentence_of(
    headline: Headline, axes: Axes, edits: Sequence[Edit], best: Occurrence | None, claimed: str, searched: Searched
) -> str:
    """The verdict as a person says it; it never says that something is true."""
    where = f" in {best.title or best.file}" if best else ""
    first = next((one for one in edits if one.severity == "critical"), edits[0] if edits else None)
    if headline in ("context_cut", "elision_hides"):
        kinds = ("cut",) if headline == "context_cut" else ("elision", "bracket")
        first = next((one for one in edits if one.kind in kinds and one.note), first)
    if headline in ("verbatim", "punctuation_style", "marked_edit"):
        return _found(headline, axes, where, claimed, best)
    if headline == "altered" or headline == "reordered":
        return f"The words are not the same as{where}: {_told(first)}."
    if headline in ("context_cut", "elision_hides"):
        note = first.note if first and first.note else "the source says more"
        return f"The words stand{where}, but the quote leaves out what limits or denies them: {note}."
    if headline == "spliced":
        return f"The quote is put together from parts that do not stand together{where or ' anywhere'}."
    if headline == "narration":
        how = {"headline": "in its headline", "crosses_mark": "not all of them in quotation marks"}.get(axes.voice)
        return f"The words stand{where}, but {how or 'as the reporter’s own, not as somebody’s speech'}."
    if headline == "misattributed":
        speaker = best.speaker if best else ""
        return f"The words stand{where}, but {speaker or 'somebody else'} said them there, not {claimed}."
    if headline == "speaker_conflicting":
        return f"The words stand{where}; some documents give them to {claimed}, others to somebody else."
    return _absent(headline, searched)


def _found(headline: Headline, axes: Axes, where: str, claimed: str, best: Occurrence | None) -> str:
    how = {
        "verbatim": "Found word for word",
        "punctuation_style": "Found word for word but for style",
        "marked_edit": "Found, with what was left out or put in marked as such,",
    }[headline]
    if axes.speaker == "confirmed":
        return f"{how}{where}, said by {best.speaker if best and best.speaker else claimed}."
    if axes.speaker == "unknown":
        return f"{how}{where}; whether {claimed} said it cannot be told from the text."
    return f"{how}{where}."


def _absent(headline: Headline, searched: Searched) -> str:
    if headline == "too_short":
        return "Too short and too common to say whose words these are; see where they stand."
    if headline == "paraphrase":
        return "Not found in these words; a passage seems close in meaning, which is a machine's guess."
    if not searched.complete:
        return "Not found, but the index is incomplete: run `onrecord doctor`, then check again."
    searched_in = "the one document" if searched.documents == 1 else f"the {searched.documents:,} documents"
    return f"Not in {searched_in} searched (as of {searched.indexed_at[:10] or 'now'})."


def _told(edit: Edit | None) -> str:
    if edit is None:
        return "they differ"
    if edit.kind == "question":
        return f"“{edit.before}” became “{edit.after}”"
    if edit.kind == "order":
        return f"“{edit.before}” stands in another place"
    if not edit.after:
        return f"“{edit.before}” was left out"
    if not edit.before:
        return f"“{edit.after}” was added"
    return f"“{edit.before}” became “{edit.after}”"


def utf16(text: str, span: Span) -> tuple[int, int]:
    """The span in UTF-16 code units, as browsers count."""
    start = len(text[: span.start].encode("utf-16-le", "surrogatepass")) // 2
    return start, start + len(span.of(text).encode("utf-16-le", "surrogatepass")) // 2
