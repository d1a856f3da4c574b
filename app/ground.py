"""The grounding gate: what of a statement its cited sentences support, and why, in words a reader understands.

It is one-sided on purpose: a test can only lower the support, so a statement is `supported` when no test finds a fault.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise

from app.answers import Citation, Statement, Support
from indexing.documents import Document
from indexing.fold import fold
from indexing.spans import Span
from indexing.words import stems

SUPPORTED_SHARE = 0.9  # of a statement's content words that its cited sentences must hold to support it
PARTLY_SHARE = 0.45  # ... to support it partly
SLICE = 100_000  # characters folded at a time in search of a quotation, which is at most a tenth as long
QUOTED = re.compile(r'"([^"]*)(?:"|$)|(?<!\w)\'\'([^\']{2,}?)\'\'|(?<!\w)\'([^\']{2,}?)\'(?!\w)')
SENTENCE_END = re.compile(r"[.!?…][\"'”’»)\]]*$")
BLOCK_END = re.compile(r"[\r\n]\s*(?:[\r\n]|[-*+>#|]|\d+[.)])")
WORD = re.compile(r"\w+(?:[.'&]\w+)*")
DATES = """January February March April May June July August September October November December
Monday Tuesday Wednesday Thursday Friday Saturday Sunday""".split()
# How the names of a place and of its people differ at the end.
ENDINGS = [pair.split(">") for pair in ">s >n >an >ian e>ian a>ian y>ian y> y>yy".split()]
NEGATION = re.compile(
    r"\b(?:not|no|never|none|nobody|nothing|neither|nor|without|cannot|\w+n't|refus\w+|reject\w+|den(?:y|ies|ied)|fail\w*|"
    r"hardly|barely|ruled out|false(?:ly)?|untrue|wrong(?:ly)?|disput\w+)\b",
    re.IGNORECASE,
)
SMALL = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen twenty""".split()
TENS = dict(zip("thirty forty fifty sixty seventy eighty ninety".split(), range(30, 100, 10), strict=True))
SCALES = {"dozen": 12, "hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
SHORT = {"k": 10**3, "m": 10**6, "mn": 10**6, "bn": 10**9, "tn": 10**12}
NUMBER_WORDS = {word: value for value, word in enumerate(SMALL)} | TENS
UNITS = {"%": "%", "percent": "%", "dollar": "$", "dollars": "$", "euro": "€", "euros": "€"}
_WORDS = "|".join([*NUMBER_WORDS, *SCALES])
FIGURE = re.compile(
    rf"(?:(?P<sign>[$€£¥])\s?)?(?P<number>(?<![\w.])(?:(?<!\S)-)?(?:\d{{1,3}}(?:,\d{{3}})+(?!\d)|\d+)(?:\.\d+)?"
    rf"(?:(?:{'|'.join(SHORT)})\b|(?:[\s-](?:{'|'.join(SCALES)})\b)+)?"
    rf"|\b(?:{_WORDS})\b(?:(?:[\s-]|\sand\s)(?:{_WORDS})\b)*)(?:[\s-]?(?P<unit>%|(?:{'|'.join(UNITS)})\b))?",
    re.IGNORECASE,
)
# What is said to be possible, wanted or claimed is not said to be so.
HEDGE = re.compile(
    r"\b(?:(?P<may>(?-i:may)|might|could|would|should|possib\w+|perhaps|probabl[ey]|likely)|alleg\w+|reportedly|suppos\w+|if|unless|"
    r"plan(?:s|ned)?|hop(?:es?|ed|ing)|propos\w+|consider\w*|claim\w*|accus\w+|suggest\w*|hint\w*|appear\w*|seem\w*|"
    r"expect\w*|want(?:s|ed)?|demand\w*|threat\w*|offer\w*|promis\w+|vow\w*|attempt\w*|tr(?:y|ies|ied) to|asked)\b",
    re.IGNORECASE,
)
OPPOSITES = [
    [frozenset(stems(side)) for side in line.split("|")]
    for line in """rise rose risen increase grow grew climb higher more|fall fell drop decrease decline lower less
support back favour accept agree approve|oppose reject refuse disagree condemn
before earlier|after later
win won victory|lose lost defeat
begin began start open|end stop finish close
attack invade|defend retreat
all every always most|none never few""".splitlines()
]
# Words by which an answer says where something stands; they claim nothing.
REPORTING = frozenset(stems("according also additionally however moreover source document article passage mention"))


Lookup = Callable[[Citation], Document | None]


def ground(statement: Statement, lookup: Lookup) -> Statement:
    """The statement with its support, its reason, and quotations set in the source's own characters.

    `lookup` reads the cited document. A citation that no longer slices to its quote is dropped.
    """
    found = ((citation, lookup(citation)) for citation in statement.citations)
    cited = [(citation, document) for citation, document in found if document and _exact(citation, document)]
    statement = replace(statement, citations=tuple(citation for citation, _ in cited))
    if not re.search(r"\w", statement.text):
        return replace(statement, support="not_a_claim", reason="it says nothing that could be checked")
    if not cited:
        text, _ = _with_exact_quotations(statement.text, ())
        return replace(statement, text=text, support="unsupported", reason="no source is cited for it")
    verbatim = replace(statement, support="supported", reason="word for word in the source")
    quotes = [citation.quote for citation, _ in cited]
    if statement.text in ("".join(quotes), " ".join(quotes)):
        return verbatim
    documents = tuple({document.version: document for _, document in cited}.values())
    sentences = list(_sentences(cited))
    text, faults = _with_exact_quotations(statement.text, documents)
    if not faults and _compact(_plain(text)) in map(_compact, [" ".join(sentences), *sentences]):
        return replace(verbatim, text=text)
    support, reason = _judge(text, sentences, documents, faults)
    return replace(statement, text=text, support=support, reason=reason)


def _exact(citation: Citation, document: Document) -> bool:
    inside = document.text[citation.span.start : citation.span.end]
    return document.version == citation.version and inside == citation.quote


def _sentences(cited: Sequence[tuple[Citation, Document]]) -> Iterator[str]:
    """The cited sentences, folded; one that markup cuts into pieces has a citation for each, in a row."""
    whole = ""
    for (before, _), (citation, document) in pairwise([cited[0], *cited]):
        gap = document.text[before.span.end : citation.span.start]
        goes_on = gap and before.version == citation.version and not BLOCK_END.search(gap)
        if whole and not (goes_on and not SENTENCE_END.search(whole.rstrip())):
            yield _plain(whole)
            whole = ""
        apart = bool(gap) and (gap[0].isspace() or gap[-1].isspace())
        whole += (" " if whole and apart else "") + citation.quote
    yield _plain(whole)


def _with_exact_quotations(text: str, documents: Sequence[Document]) -> tuple[str, list[str]]:
    """Quotations that stand in a cited document are written with its own characters; the others lose their marks."""
    folded = fold(text)
    faults = []
    for match in reversed(list(QUOTED.finditer(folded.text))):
        number = match.lastindex or 1
        whole, words = folded.source(Span(*match.span())), match[number]
        core = words.strip().rstrip(".,;:")
        found = _quotation(core, documents) if re.search(r"\w", core) else None
        kept = folded.source(Span(*match.span(number))).of(text) if words else ""
        if found is not None:
            kept = f"“{found}{words.strip()[len(core) :]}”"
        elif core:
            faults.append(f"the words “{words.strip()}” are not in the cited source")
        text = text[: whole.start] + kept + text[whole.end :]
    return text, faults[::-1]


def _quotation(core: str, documents: Sequence[Document]) -> str | None:
    """The characters of a document that fold to these words; in slices, since folding a text takes memory."""
    for document in documents:
        for start in range(0, len(document.text), SLICE):
            part = document.text[start : start + SLICE * 11 // 10]
            folded = fold(part)
            for span in folded.find_all(core):
                return folded.source(span).of(part)
    return None


def _judge(text: str, sentences: list[str], documents: Sequence[Document], faults: list[str]) -> tuple[Support, str]:
    plain, cited = _plain(text), " ".join(sentences)
    about = [document.metadata for document in documents]
    titles = _plain(" ".join(one.title for one in about))
    publishers = _plain(" ".join(f"{one.source} {one.author}" for one in about))
    said, known = set(_figures(plain)), set(_figures(cited, ones=True))
    missing = sorted({value for value, _ in said} - {value for value, _ in known})
    faults = faults + [f"the figure {number:.15g} is not in the cited sentences" for number in missing]
    strange = [name for name in _names(plain) if not _named(name, plain, f"{cited} {publishers}")]
    absent = [name for name in strange if not _named(name, plain, titles)]
    faults += [f"the name {name} is not in the cited sentences" for name in dict.fromkeys(absent)]
    if faults:
        return "unsupported", "; ".join(faults)
    words = _stems(plain) - REPORTING
    known_names = [name for name in _names(plain, first=True) if _named(name, plain, cited)]
    backed = _stems(" ".join([cited, titles, publishers, *known_names]))
    share = len(words & backed) / len(words) if words else float(bool(said))  # a bare figure is its own evidence
    if share < PARTLY_SHARE:
        return "unsupported", "the cited sentences speak of something else"
    doubts = [f"only the source's title names {name}" for name in dict.fromkeys(strange)]
    if said - known:
        doubts.append("a figure has another unit in the source")
    doubts += _doubts(plain, sentences)
    unknown = [word for word in dict.fromkeys(WORD.findall(plain)) if (_stems(word) - REPORTING) - backed]
    if share < SUPPORTED_SHARE or (unknown and plain.lstrip("\"'(").startswith(unknown[0])):
        doubts.append("some of its words are not in the cited sentences: " + ", ".join(unknown[:5]))
    return ("partly", "; ".join(doubts)) if doubts else ("supported", "its words, names and figures are in the source")


def _doubts(plain: str, sentences: Sequence[str]) -> Iterator[str]:
    """How the same words may say something else: denied, less certain, turned round."""
    near = _nearest(plain, sentences)
    cited = " ".join(near)
    words, held = _stems(plain), _stems(cited)
    denials, there = _denials(plain), _denials(cited)
    added = [one for one in denials if not there or (one & held and not any(one & other for other in there))]
    if added or any(one & words and not any(one & other for other in denials) for one in there):
        yield "one of answer and source denies what the other does not"
    if _hedges(cited) - _hedges(plain):
        yield "the source is less certain than the answer"
    for one, other in (pair for sides in OPPOSITES for pair in (sides, sides[::-1])):
        if words & one - held and held & other and not held & one and not words & other:
            yield "answer and source use opposite words: " + ", ".join(sorted(words & one | held & other))
    for first, second in _reordered(plain, near):
        yield f"{first} and {second} stand the other way round in the source"


def _nearest(plain: str, sentences: Sequence[str]) -> list[str]:
    """The fewest cited sentences that hold as many of a statement's words as all of them do, in their order."""
    wanted, chosen = _stems(plain), set[int]()
    while wanted:
        gains = [len(wanted & _stems(sentence)) for sentence in sentences]
        if not max(gains):
            break
        chosen.add(gains.index(max(gains)))
        wanted -= _stems(sentences[gains.index(max(gains))])
    return [sentences[index] for index in sorted(chosen)] or list(sentences)


def _denials(text: str) -> list[set[str]]:
    """For each negation the stems of the next two content words in its clause; the two before where none follows."""
    found = []
    for match in NEGATION.finditer(text):
        before, after = re.split("[.,;:!?]", text[: match.start()])[-1], re.split("[.,;:!?]", text[match.end() :])[0]
        found.append(set(_ordered_stems(after)[:2] or _ordered_stems(before)[-2:]))
    return found


def _hedges(text: str) -> set[str]:
    """What lessens a text's certainty; `may` and `could` and their like are one."""
    return {"may" if match["may"] else match[0].casefold()[:4] for match in HEDGE.finditer(text)}


def _reordered(plain: str, sentences: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Neighbouring names, and neighbouring figures of one unit, that every cited sentence has in the opposite order."""
    for anchors in (partial(_names, first=True), _amounts):
        orders = [anchors(sentence) for sentence in sentences]
        for first, second in pairwise(anchors(plain)):
            both = [order for order in orders if first in order and second in order]
            if re.search(rf"{re.escape(first)}(?:'s)?[\s,]+(?:(?:and|or) )?{re.escape(second)}", plain):
                continue  # parts of one name, or items of a list
            if both and all(order.index(first) > len(order) - 1 - order[::-1].index(second) for order in both):
                yield first, second


def _amounts(text: str) -> list[str]:
    return [f"{value:g} {unit}" for value, unit in _figures(text) if unit]


def _figures(text: str, ones: bool = False) -> list[tuple[float, str]]:
    """Value and unit of each figure in order, in digits or in words; the word `one` counts only with `ones`."""
    found = []
    for match in FIGURE.finditer(text):
        total = part = 0.0
        for word in re.findall(r"[a-z]+|-?[\d,]+(?:\.\d+)?", match["number"].casefold()):
            scale = SCALES.get(word) or SHORT.get(word)
            if scale and scale >= 1000:
                total, part = total + (part or 1) * scale, 0.0
            elif scale:
                part = (part or 1) * scale
            elif word != "and":
                part += NUMBER_WORDS[word] if word in NUMBER_WORDS else float(word.replace(",", ""))
        if ones or match["number"].casefold() != "one":
            found.append((total + part, match["sign"] or UNITS.get((match["unit"] or "").casefold(), "")))
    return found


def _names(text: str, first: bool = False) -> list[str]:
    """Capitalised words in order, but for dates and, without `first`, a first word that may be capitalised as such."""
    found = []
    for match in WORD.finditer(text):
        name = re.sub(r"'s?$", "", match[0])
        inside = first or re.search(r"\w", text[: match.start()]) or not name[1:].islower()
        if len(name) > 1 and name[0].isupper() and name not in DATES and inside:
            found.append(name)
    return found


def _named(name: str, plain: str, source: str) -> bool:
    """Whether the source names it: so, as a place's people or the other way round, or by initials."""
    words = {re.sub(r"'s?$", "", word).replace(".", "").casefold() for word in WORD.findall(source)}
    word = name.replace(".", "")
    if word.casefold() in words or any(form in words for form in _forms(word.casefold())):
        return True
    small = r"(?:[\s-](?:of the|of|and|for))?[\s-]"
    if word.isupper() and re.search(r"\b" + rf"\w+{small}".join(map(re.escape, word)) + r"\w+", source):
        return True
    runs = re.findall(rf"\b[A-Z]\w+(?:{small}[A-Z]\w+)+", plain)
    return any(name in run and "".join(re.findall("[A-Z]", run)).casefold() in words for run in runs)


def _forms(word: str) -> Iterator[str]:
    for ending, other in (pair for both in ENDINGS for pair in (both, both[::-1])):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            yield word[: len(word) - len(ending)] + other


def _stems(text: str) -> set[str]:
    return set(_ordered_stems(text))


def _ordered_stems(text: str) -> list[str]:
    """Stems of content words; figures and their units are compared by value."""
    words = (word for word in WORD.findall(text) if word.casefold() not in UNITS and not _figures(word, ones=True))
    return stems(" ".join(words))


def _plain(text: str) -> str:
    return fold(text).text.replace("per cent", "percent").strip()


def _compact(text: str) -> str:
    return "".join(text.split())
