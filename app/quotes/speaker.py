"""Whether the person a quote is claimed for is the one a document names: sure only where a pattern is explicit."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from indexing.documents import Document
from indexing.errors import OnrecordError
from indexing.people import People, bare, is_title, name_of, words_of
from indexing.quotations import Quotation
from indexing.spans import Span

SpeakerStatus = Literal["confirmed", "contradicted", "conflicting", "unknown", "not_claimed"]
Relation = Literal["same", "other", "unknown"]
Aliases = Mapping[str, str]
"""From a name as it is compared to the one it stands for."""
NOBODY: Aliases = {}
SEVERAL = re.compile(r" and (?=[A-Z])")
DESCRIBED = re.compile(r"[,(;]|(?<=[a-z]) (?:of|for|from|at|who|which|in|with|on) (?=[^A-Z]|the )")
SUFFIXES = ("jr", "sr", "ii", "iii", "iv")
# Last words of names that are no person's.
BODIES = frozenset(
    "foundation organization organisation campaign administration university college company group department ministry "
    "committee commission institute center centre bank party association council union times post corp inc llc tower "
    "library museum school hospital trust fund network agency bureau office society league alliance coalition pac "
    "board".split()
)
SHORTEST_PREFIX = 3  # letters of a short first name that begins the long one (`Tim`, `Timothy`)
NICKNAMES = {
    frozenset(pair.split("/"))
    for pair in (
        "bill/william bob/robert rob/robert dick/richard rick/richard jim/james jimmy/james jack/john bernie/bernard "
        "ted/edward ted/rafael ned/edward mike/michael mick/michael tom/thomas tony/anthony chuck/charles "
        "charlie/charles liz/elizabeth beth/elizabeth betsy/elizabeth kate/katherine kate/catherine cathy/catherine "
        "peggy/margaret meg/margaret maggie/margaret sandy/sandra debbie/deborah sue/susan andy/andrew drew/andrew "
        "hank/henry harry/henry larry/lawrence jeb/john mitt/willard joe/joseph sasha/alexander alex/alexander "
        "steve/stephen steve/steven dave/david dan/daniel ken/kenneth greg/gregory jeff/jeffrey jerry/gerald "
        "nancy/ann becky/rebecca jenny/jennifer vicky/victoria gabby/gabrielle trish/patricia pat/patricia pat/patrick"
    ).split()
}


def speaker_of(document: Document, quotations: Sequence[Quotation], span: Span) -> Quotation | None:
    """The quotation that says who speaks at a span of the document's text: the deepest that holds it, else one that
    shares words with it; None where nobody is quoted there."""
    Span(span.start, min(span.end, len(document.text)))
    held = [one for one in quotations if one.holds(span)]
    if held:
        return min(held, key=lambda one: (one.kind == "indirect", -one.depth, len(one.span)))
    return next((one for one in quotations if any(inner.overlaps(span) for inner in one.inner)), None)


def relation_of(claimed: str, document: Document, quotation: Quotation | None, aliases: Aliases = NOBODY) -> Relation:
    """What one occurrence says about a claimed speaker. Only an explicit pattern with a name says `other`."""
    if quotation is None or not quotation.named:
        return "unknown"
    same = same_person(claimed, quotation.speaker, document, aliases)
    if same:
        return "same"
    return (
        "other" if same is False and quotation.explicit and not _also_named(claimed, document, quotation) else "unknown"
    )


def speaker_status(claimed: str, relations: Sequence[Relation]) -> SpeakerStatus:
    """The status over all occurrences: contradicted only if every one of them names somebody else."""
    if not claimed.strip():
        return "not_claimed"
    if "same" in relations:
        return "conflicting" if "other" in relations else "confirmed"
    return "contradicted" if relations and set(relations) == {"other"} else "unknown"


def same_person(claimed: str, named: str, document: Document, aliases: Aliases = NOBODY) -> bool | None:
    """Whether two names mean one person as far as a document tells; None where it cannot be told.

    A surname stands for the full name that the document gives it. A description (`a spokesman`) or a pronoun is nobody.
    """
    people = people_of(document.text)
    several = [part for part in SEVERAL.split(claimed) if part.strip()]
    if len(several) > 1:
        answers = [_same_person(part, named, people, aliases) for part in several]
        return True if True in answers else None if None in answers else False
    return _same_person(claimed, named, people, aliases)


def _same_person(claimed: str, named: str, people: People, aliases: Aliases) -> bool | None:
    first, second = (_name(text, people, aliases) for text in (claimed, named))
    if not first or not second:
        return None
    ours, theirs = _words(first), _words(second)
    if ours == theirs:
        return None if _body_of(claimed, named) else True
    if people.ambiguous(first) or people.ambiguous(second):
        return None if ours[-1] == theirs[-1] else False
    if _body_of(claimed, named):
        return None  # `Trump` and `Trump Organization`: a person and what bears the name
    if (ours[-1] in BODIES) != (theirs[-1] in BODIES) and min(len(ours), len(theirs)) > 1:
        return False
    if len(ours) == 1 or len(theirs) == 1:
        lone, other = (ours, theirs) if len(ours) == 1 else (theirs, ours)
        return lone[0] in other or _initials(lone[0], other)
    if _suffix(ours) != _suffix(theirs):
        return False
    ours, theirs = _plain(ours), _plain(theirs)
    if set(ours) <= set(theirs) or set(theirs) <= set(ours):
        return True
    return ours[-1] == theirs[-1] and _same_first(ours[0], theirs[0])


def read_aliases(path: Path) -> Aliases:
    """A text file, one person a line: the full name, `=`, other names with commas between. Raises OnrecordError."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise OnrecordError(f"the aliases {path} cannot be read ({error}); give a text file in UTF-8") from error
    found: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, equals, others = line.partition("=")
        if not equals or not name.strip() or not others.strip():
            raise OnrecordError(f"{path}, line {number}: write `Full Name = other name, another`")
        found |= {_key(other): name.strip() for other in others.split(",") if other.strip()}
    return found


def _also_named(claimed: str, document: Document, quotation: Quotation) -> bool:
    """Whether the words around a quotation also rest it on the claimed person (`X said, according to Y`)."""
    text, last = document.text, _words(claimed)[-1:]
    end = text.find("\n", quotation.span.end)
    around = text[quotation.span.end : end if end >= 0 else len(text)][:300]
    match = re.search(r"\b(?:according to|provided by|obtained by|told by)\b([^.\n]{0,120})", around)
    return match is not None and bool(last) and last[0] in _words(match[1])


@functools.lru_cache(maxsize=256)
def people_of(text: str) -> People:
    """Who is named in a text."""
    return People(text)


def _name(text: str, people: People, aliases: Aliases) -> str:
    """The full name in a text as the document knows it; empty where the text is no name."""
    known = aliases.get(_key(text))
    if known:
        return known
    part = DESCRIBED.split(text, maxsplit=1)[0]
    words = part.replace("*", "").split()
    while words and (words[0].casefold() in words_of("function") or not words[0][:1].isalnum()):
        words = words[1:]
    begin = len(words)
    while begin and (
        words[begin - 1][:1].isupper() or words[begin - 1] in ("de", "van", "von", "bin", "al", "of", "&")
    ):
        begin -= 1
    name = name_of(words[begin:])
    if not name or bare(name) in words_of("function") or (len(name.split()) == 1 and is_title(name)):
        return ""
    return aliases.get(_key(name)) or people.resolve(name)


def _key(text: str) -> str:
    return " ".join(_words(text))


def _words(name: str) -> list[str]:
    """The words of a name as they are compared: without accents, case, dots."""
    plain = unicodedata.normalize("NFKD", name)
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    return [word for word in (bare(part.strip(',;:"“”()')) for part in plain.split()) if word]


def _suffix(words: Sequence[str]) -> str:
    return words[-1] if words[-1] in SUFFIXES else ""


def _plain(words: Sequence[str]) -> list[str]:
    return [word for word in words if word not in SUFFIXES] or list(words)


def _same_first(ours: str, theirs: str) -> bool:
    short, long = sorted((ours, theirs), key=len)
    return (
        short == long
        or (len(short) == 1 and long.startswith(short))
        or (len(short) >= SHORTEST_PREFIX and long.startswith(short))
        or frozenset((short, long)) in NICKNAMES
    )


def _body_of(claimed: str, named: str) -> bool:
    """Whether one is a lone name and the other that of a body (`Roe`, `Roe Foundation`), whose initials it is not."""
    short, long = sorted((_words(claimed), _words(named)), key=len)
    return len(short) == 1 and len(long) > 1 and long[-1] in BODIES and not _initials(short[0], long)


def _initials(short: str, words: Sequence[str]) -> bool:
    """Whether a word is the initials of others (`CBO`)."""
    return len(short) > 1 and short == "".join(word[0] for word in words if word not in ("of", "the", "and"))
