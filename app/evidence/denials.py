"""Sentences that deny what a claim says: its verbs, the thing asked for, what was just asked; or say the opposite."""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.evidence.candidates import Candidate
from app.lexicons import lexicon
from indexing.words import stems

SCOPE = 7  # words after a negation that it may deny
BESIDE = 4  # words after a denial in which it is said what is not done
REACH = 70  # characters between a subject and what is said of it
PREFIX = 5  # letters by which a verb and its noun are one: concede, concession

DENIAL = re.compile(
    r"\b(?:not(?! (?:all|only|just|always)\b)|never|no|none|nothing|nobody|neither|nor|without|cannot|"
    r"denie[sd]|deny(?:ing)?|refus\w+|declin\w+|reject\w+|fail(?:s|ed|ing)? to|unable to|"
    r"stopped short of|ruled out|yet to|contrary to)\b|n[’']t\b",
    re.IGNORECASE,
)
# A denial that leaves out what it denies: "Asked whether he would pay, he said that he could not."
LEFT_OUT = re.compile(
    r"\b(?:(?:did|does|do|was|were|is|are|has|have|had|will|would|could|can|should)(?: not|n[’']t)|never|none|nobody|"
    r"no)\b(?=\s*(?:[.;!?”]|, (?:but|and|he|she|they|it)\b|$))",
    re.IGNORECASE,
)
ASKED = re.compile(r"\b(?:whether|if|asked to)\b|^(?=[^?]*\?)", re.IGNORECASE)  # after it stands what is asked
NOBODY = re.compile(r"\b(?:none|nobody|no|neither|nothing|without|unanimous\w*)\b", re.IGNORECASE)
SAID = 2  # words of a claim that must have been asked
FEW = 6  # words of a sentence that is an answer to the one before
ABSENT = re.compile(
    r"\b(?:(?:does|do|did|has|have)(?: not|n[’']t) (?:even )?exist|never existed|no such|non-?existent|fictitious|"
    r"made[- ]up|invented|fabricated)\b",
    re.IGNORECASE,
)
IRREGULAR = {
    stem: line.split()[0] for line in lexicon("irregular_verbs") for form in line.split() for stem in stems(form)
}


def _opposed(name: str) -> tuple[tuple[re.Pattern[str], ...], ...]:
    sides = (line.split(" / ") for line in lexicon(name))
    return tuple(tuple(re.compile(rf"\b(?:{side})\b", re.IGNORECASE) for side in each) for each in sides)


# Words of which one side denies the other, of the same subject: of a name, of anything.
OPPOSED_THINGS = _opposed("opposites_of_things")
OPPOSED = _opposed("opposites") + OPPOSED_THINGS


def absent(one: Candidate, names: Sequence[str]) -> bool:
    """Whether it says that something named does not exist."""
    found = ABSENT.search(one.text)
    return found is not None and any(
        last_word(name) in one.text and len(set(stems(name)) & one.stems) >= 2 for name in names if " " in name
    )


SAYS_NO = re.compile(r"\b(?:vot(?:e[sd]?|ing)|sa(?:y|ys|id|ying)|answer(?:s|ed|ing)?)\s+$", re.IGNORECASE)
TURNED_DOWN = re.compile("refus|declin|reject", re.IGNORECASE)  # of the denials those that are of a thing
WISHED = re.compile(r"\b(?:should|would|could|might|may|must|to)\s+(?:\w+\s+)?$", re.IGNORECASE)  # no fact
YOU = re.compile(r"\b(?:you|one)\s(?:\w+\s){0,1}(?:do|did|can|could|will|would|should|are|have)?\s?$", re.IGNORECASE)
OPENED = re.compile(r"(?:^|[\s:,(])[“‘\"'](?=\w)[^”\"]*$")  # a quotation that has not ended
PRONOUN = re.compile(r"\b(?:[Hh]e|[Ss]he|[Tt]hey|[Ii]t|who|[Ww]e|I)\b[^.]*$")


def denies(one: Candidate, verbs: Sequence[str], least: int, subjects: Sequence[str] = (), thing: str = "") -> bool:
    """Whether at least so many of the verbs stand in the reach of a denial; of one of the subjects, where any is given.

    Whoever is said to have turned down the `thing` has not done it, either.
    """
    for found in DENIAL.finditer(one.text):
        if found[0].lower() == "no" and SAYS_NO.search(one.text[: found.start()]):
            continue  # whoever voted no did vote
        if subjects and not any(_stands(subject, one.text[: found.start()]) for subject in subjects):
            continue  # another is said not to have done it
        after = re.split(r"[.;:!?”]|, (?:but|and|who|which)\b", one.text[found.end() :])[0].split()[:SCOPE]
        reached = set(stems(" ".join(after)))
        if found[0].lower() in ("nothing", "none", "no"):  # "conceded nothing"
            reached |= set(stems(" ".join(one.text[: found.start()].split()[-2:])))
        if thing and TURNED_DOWN.match(found[0]) and any(same(stem, thing) for stem in reached):
            return True
        if sum(any(same(stem, verb) for stem in reached) for verb in dict.fromkeys(verbs)) >= min(
            least, len(verbs) or 1
        ):
            return True
    return False


def undone(one: Candidate, noun: str, words: Sequence[str]) -> bool:
    """Whether it denies of the thing asked for what the claim says of it: "The name has not been chosen." """
    for found in DENIAL.finditer(one.text):
        before, after = re.split("[,;:]", one.text[: found.start()])[-1], one.text[found.end() :].split()[:BESIDE]
        of_it = bool(noun) and any(same(stem, noun) for stem in stems(before))
        done = stems(" ".join(after))
        if of_it and "been" in after and any(same(stem, word) for stem in done for word in words):
            return True
    return False


def left_out(one: Candidate, words: Sequence[str]) -> bool:
    """Whether it denies what it, or the sentence before it, has just asked, and that is what the claim says."""
    found = LEFT_OUT.search(one.text)
    if found is None:
        return False
    before = one.before() if len(one.text.split()) <= FEW else None
    reach = f"{before.text if before else ''} {one.text[: found.start()]}"
    asked = max(ASKED.finditer(reach), key=re.Match.end, default=None)
    held = stems(reach[asked.end() :]) if asked else []
    return sum(any(same(stem, word) for stem in held) for word in words) >= SAID


def opposes(one: Candidate, claim: str, subjects: Sequence[str], *, plain: bool = False) -> bool:
    """Whether it says of the subject the opposite of what the claim does, and nowhere the same.

    A `plain` subject is no name, but a word that must stand before.
    """
    for held, opposite in OPPOSED_THINGS if plain else OPPOSED:
        if not held.search(claim) or opposite.search(claim) or held.search(one.text):
            continue
        for found in opposite.finditer(one.text):
            before, after = (
                one.text[max(0, found.start() - REACH) : found.start()],
                one.text[found.end() : found.end() + 25],
            )
            if DENIAL.search(" ".join(before.split()[-3:])) or WISHED.search(before):
                continue
            if plain and any(same(stem, subject) for stem in stems(before) for subject in subjects):
                return True
            if not plain and any(_leads(subject, before) or subject in after for subject in subjects):
                return True
    return False


def _stands(subject: str, before: str) -> bool:
    """Whether the subject stands before, or somebody who may be meant: not who only says that others do not do it
    (`Lee: "You don't win"`)."""
    if YOU.search(before):
        return False
    if PRONOUN.search(before):
        return True
    at = before.rfind(subject)
    return at >= 0 and not OPENED.search(before[at + len(subject) :])


def _leads(subject: str, before: str) -> bool:
    """Whether the subject stands before, with no other name between it and the end, or the words go on from "he"."""
    at = before.rfind(subject)
    if at >= 0:
        return not re.search(
            r"(?<!^)\b[A-Z][a-z]{2,}\s+(?!said|says)", re.sub(r"^\W*\w*", "", before[at + len(subject) :])
        )
    return bool(PRONOUN.search(before))


def last_word(name: str) -> str:
    """`Lee` of `Mara Lee's`."""
    return re.sub(r"[’']s?$", "", name.rsplit(maxsplit=1)[-1])


def same(stem: str, verb: str) -> bool:
    """Whether the stem of a word is that of a verb, of another form of it, or of its noun."""
    root = (stems(verb) or [verb])[0]
    stem, root = IRREGULAR.get(stem, stem), IRREGULAR.get(root, root)
    return stem == root or (len(root) >= PREFIX and len(stem) >= PREFIX and stem[:PREFIX] == root[:PREFIX])
