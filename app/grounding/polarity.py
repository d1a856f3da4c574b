"""How the same words may say something else: denied, less certain, compared or turned the other way round."""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import partial
from importlib import resources
from itertools import pairwise

from app.grounding.details import told_otherwise, turned
from app.grounding.figures import Figure, amounts, bounds, figures, written
from app.grounding.names import names
from app.grounding.wording import ordered_stems, stem_set
from indexing.words import stems

NEGATION = re.compile(
    r"\b(?:not|no|never|none|nobody|nothing|neither|nor|without|cannot|\w+n't|refus\w+|reject\w+|den(?:y|ies|ied)|fail\w*|"
    r"hardly|barely|ruled out|false(?:ly)?|untrue|wrong(?:ly)?|disput\w+)\b",
    re.IGNORECASE,
)
# What is said to be possible, wanted or claimed is not said to be so.
HEDGE = re.compile(
    r"\b(?<!\bthan )(?:(?P<may>(?-i:may)|might|could|would|should|possib\w+|perhaps|probabl[ey]|likely)|"
    r"alleg\w+|reportedly|suppos\w+|if|unless|"
    r"plan(?:s|ned)?|hop(?:es?|ed|ing)|propos\w+|consider\w*|claim\w*|accus\w+|suggest\w*|hint\w*|appear\w*|seem\w*|"
    r"expect\w*|want(?:s|ed)?|demand\w*|threat\w*|offer\w*|promis\w+|vow\w*|attempt\w*|tr(?:y|ies|ied) to|asked)\b",
    re.IGNORECASE,
)
CERTAIN = re.compile(
    r"\b(?:will|must|shall|certainly|definitely|always|proved|confirmed|is|are|was|were|has|have)\b", re.IGNORECASE
)
MODAL = re.compile(r"may|might|could", re.IGNORECASE)
FIRM = re.compile(r"\b(?:will|must|shall|certainly|definitely)\b", re.IGNORECASE)
CLAUSE = re.compile(r"[;:]|,\s|\s-+\s|\b(?:while|whereas|but|although|though|against|compared)\b", re.IGNORECASE)
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


def doubts(said: str, sentences: Sequence[str], modal_only: bool = False) -> Iterator[str]:
    """What makes a statement differ from the sentences it rests on although the words are theirs.

    `modal_only`: of what lessens certainty only `may` and its like count, where the answer says `will`.
    """
    near = nearest(said, sentences)
    cited = " ".join(near)
    if denied(said, cited):
        yield "one of answer and source denies what the other does not"
    word, sure = dropped_hedge(said, cited), CERTAIN.search(said)
    if word and not (modal_only and not (sure and MODAL.fullmatch(word) and FIRM.search(said))):
        yield "the source is less certain than the answer: " + (
            f"the source says “{word}”, the answer says “{sure[0]}”" if sure else f"the source says “{word}”"
        )
    if words := opposites(said, cited):
        yield "answer and source use opposite words: " + ", ".join(words)
    there = bounds(cited)
    for figure, side in bounds(said).items():
        if there.get(figure, side) != side:
            yield f"the answer says {side} {written(said, figure[0])}, the source says {there[figure]}"
    for figure in misplaced(said, near):
        yield f"the source says {written(said, figure[0])} of something else"
    swapped = [pair for pair in reordered(said, near) if not told_otherwise(*pair, said, near)]
    for first, second in [*swapped, *turned(said, near, names(said, first=True))]:
        yield f"{first} and {second} stand the other way round in the source"


def nearest(said: str, sentences: Sequence[str]) -> list[str]:
    """The fewest sentences that hold as many of a statement's words as all of them do, in their order."""
    wanted, chosen = stem_set(said), set[int]()
    held = [stem_set(sentence) for sentence in sentences]
    while wanted:
        gains = [len(wanted & words) for words in held]
        if not max(gains, default=0):
            break
        best = gains.index(max(gains))
        chosen.add(best)
        wanted -= held[best]
    return [sentences[index] for index in sorted(chosen)] or list(sentences)


def denied(said: str, cited: str) -> bool:
    words, held = stem_set(said), stem_set(cited)
    ours, there = _denials(said), _denials(cited)
    added = [one for one in ours if not there or (one & held and not any(one & other for other in there))]
    return bool(added) or any(one & words and not any(one & other for other in ours) for one in there)


def _denials(text: str) -> list[set[str]]:
    """For each negation the stems of the next two content words in its clause; the two before where none follows."""
    found = []
    for match in NEGATION.finditer(text):
        before, after = re.split("[.,;:!?]", text[: match.start()])[-1], re.split("[.,;:!?]", text[match.end() :])[0]
        found.append(set(ordered_stems(after)[:2] or ordered_stems(before)[-2:]))
    return found


def dropped_hedge(said: str, cited: str) -> str:
    """A word of the source that lessens its certainty and has no like in the statement; "" where there is none."""
    ours = {_hedge(match) for match in HEDGE.finditer(said)}
    return next((match[0] for match in HEDGE.finditer(cited) if _hedge(match) not in ours), "")


def _hedge(match: re.Match[str]) -> str:
    """`may` and `could` and their like are one."""
    return "may" if match["may"] else match[0].casefold()[:4]


def opposites(said: str, cited: str) -> list[str]:
    """Words of the statement and the source that mean opposite things, where neither text has the other's word."""
    words, held = stem_set(said), stem_set(cited)
    found: set[str] = set()
    for one, other in (pair for sides in OPPOSITES for pair in (sides, sides[::-1])):
        if words & one - held and held & other and not held & one and not words & other:
            found |= words & one | held & other
    facing_of = antonyms()
    for word in words - held:
        if facing := (facing_of.get(word, frozenset()) & held) - words:
            found |= {word, *facing}
    return sorted(found)


@functools.cache
def antonyms() -> dict[str, frozenset[str]]:
    """Stems and the stems of their antonyms."""
    found: dict[str, set[str]] = defaultdict(set)
    for line in resources.files("app.grounding").joinpath("antonyms.txt").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            one, other = line.split()
            found[one].add(other)
            found[other].add(one)
    return {word: frozenset(others) for word, others in found.items()}


def misplaced(said: str, sentences: Sequence[str]) -> Iterator[Figure]:
    """Figures that stand in another clause than a statement's words, which have a figure of the same unit there."""
    words = stem_set(said)
    for sentence in sentences:
        clauses = [(set(figures(one)), len(words & stem_set(one))) for one in CLAUSE.split(sentence)]
        for figure in dict.fromkeys(figures(said)):
            own = [share for held, share in clauses if figure in held]
            rival = [
                share for held, share in clauses if figure not in held and any(one[1] == figure[1] for one in held)
            ]
            if own and rival and figure[1] and max(rival) >= max(own) + 2:
                yield figure


def reordered(said: str, sentences: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Neighbouring names, and neighbouring figures of one unit, that every cited sentence has in the opposite order."""
    for anchors in (partial(names, first=True), amounts):
        orders = [anchors(sentence) for sentence in sentences]
        for first, second in pairwise(anchors(said)):
            both = [order for order in orders if first in order and second in order]
            if re.search(rf"{re.escape(first)}(?:'s)?[\s,]+(?:(?:and|or) )?{re.escape(second)}", said):
                continue  # parts of one name, or items of a list
            if both and all(order.index(first) > len(order) - 1 - order[::-1].index(second) for order in both):
                yield first, second
