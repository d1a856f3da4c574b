"""False premises: what a question takes for granted, and a sentence of the sources that says otherwise.

"Why did the council close the bridge?" takes for granted that it did. A sentence contradicts that when it is about the
same and denies the question's verb of the same subject ("the council did not close"), asserts the opposite of it ("the
council kept the bridge open"), or says that a thing named in the question does not exist.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from app.evidence import Candidate, Evidence
from app.lexicons import lexicon
from indexing.words import stems

LOOKED_AT = 15  # sentences, those most to the point first
ABOUT = 0.4  # share of the question's words that the sentence with its neighbours must hold
MOST = 0.6  # share of the names of the question that the sentence with its neighbours and title must have
SCOPE = 7  # words after a negation that it may deny
REACH = 70  # characters between a subject and what is said of it
PREFIX = 5  # letters by which a verb and its noun are one: concede, concession

AUXILIARY = re.compile(
    r"\b(?:why|how|when|where|what|which|whom|who|whose)\b[^?]*?\b(?P<verb>did|does|do|was|were|is|are|has|have|had|"
    r"will|would|made|could|can)\s+(?P<rest>[^?]+)",
    re.IGNORECASE,
)
DENIAL = re.compile(
    r"\b(?:not(?! (?:all|only|just|always)\b)|never|no|none|nothing|nobody|neither|nor|without|cannot|"
    r"denie[sd]|deny(?:ing)?|refus\w+|declin\w+|reject\w+|fail(?:s|ed|ing)? to|unable to|"
    r"stopped short of|ruled out|yet to|contrary to)\b|n[’']t\b",
    re.IGNORECASE,
)
ABSENT = re.compile(
    r"\b(?:(?:does|do|did|has|have)(?: not|n[’']t) (?:even )?exist|never existed|no such|non-?existent|fictitious|"
    r"made[- ]up|invented|fabricated)\b",
    re.IGNORECASE,
)
LIGHT = frozenset(" ".join(lexicon("light_verbs")).split())  # they leave what is done to the words after them
SMALL = frozenset(" ".join(lexicon("small_words")).split())
# Words of which one side denies the other, of the same subject.
OPPOSED = tuple(
    tuple(re.compile(rf"\b(?:{side})\b", re.IGNORECASE) for side in line.split(" / ")) for line in lexicon("opposites")
)


@dataclass(frozen=True, slots=True)
class Premise:
    """What the question takes for granted, and the sentence that contradicts it."""

    text: str
    candidate: Candidate

    @property
    def notice(self) -> str:
        """The same in a sentence for readers."""
        return f"The question takes for granted: “{self.text}”. The documents say otherwise."


def contradicted(evidence: Evidence) -> Premise | None:
    """The premise that a sentence of the sources contradicts, if there is one."""
    question = evidence.question
    found = AUXILIARY.search(question)
    if found is None or DENIAL.search(question):
        return None
    claim = found["rest"].strip()
    subjects, leads = _subjects(claim, evidence)
    verbs = tuple(_verbs(claim, evidence, leads))
    for one in sorted(evidence.ranked, key=lambda each: (-each.topic, -each.score))[:LOOKED_AT]:
        if one.features.around < ABOUT or not _about_the_same(one, subjects, leads):
            continue
        if _absent(one, evidence) or _denies(one, verbs, 1 if leads else 2) or _opposes(one, claim, subjects):
            return Premise(_spoken(found, claim, evidence), one)
    return None


DONE_BY = re.compile(r"^(?:why|when|where|how) (?:did|does|do|has|have|had|was|were|is|are) ", re.IGNORECASE)
NEAR = 4  # words between a subject and its verb


def unsaid(evidence: Evidence) -> str:
    """What a question such as "Why did Lee resign?" takes for granted where the sources name Lee beside somebody else's
    resignation and nowhere say it of Lee; empty otherwise. Only where nothing but a name and a verb is claimed can that
    be told, and only where no sentence beside may mean Lee as well."""
    question = evidence.question
    found = AUXILIARY.search(question)
    if found is None or not DONE_BY.match(question):
        return ""
    claim = found["rest"].strip().rstrip(" .!")
    subjects, leads = _subjects(claim, evidence)
    name = next((each for each in evidence.asked.names if claim.startswith(each)), "")
    said = claim[len(name) :].split()
    if not (leads and name and len(said) == 1 and said[0].isalpha() and said[0].lower() not in LIGHT):
        return ""
    verb, beside = said[0].lower(), False
    for hit in evidence.found.hits:
        texts = [sentence.visible(hit.passage.document.text) for sentence in hit.passage.sentences]
        for at, text in enumerate(texts):
            if not any(_same(stem, verb) for stem in stems(text)):
                continue
            if _does(text, subjects[0], verb):
                return ""
            if subjects[0] in text:
                beside = True
            elif any(subjects[0] in one for one in texts[max(0, at - 1) : at + 2]):
                return ""
    return f"{name} {found['verb'].lower()} {said[0]}" if beside else ""


def unstated(evidence: Evidence) -> str:
    """What a question such as "Why did Lee resign from the board?" takes for granted where no sentence found says that
    deed of the subject, or of anybody beside its name; empty where one does, or where that cannot be told."""
    if claim := unsaid(evidence):
        return claim
    question = evidence.question
    found = AUXILIARY.search(question)
    if found is None or not DONE_BY.match(question) or DENIAL.search(question):
        return ""
    claim = found["rest"].strip().rstrip(" .!")
    subjects, leads = _subjects(claim, evidence)
    verbs = [verb for verb in dict.fromkeys(_verbs(claim, evidence, leads)) if verb not in LIGHT]
    if not (leads and verbs):
        return ""
    for hit in evidence.found.hits:
        texts = [sentence.visible(hit.passage.document.text) for sentence in hit.passage.sentences]
        for at, text in enumerate(texts):
            near = " ".join([hit.passage.document.metadata.title, *texts[max(0, at - 1) : at + 2]])
            if subjects[0] in near and any(_same(stem, verbs[0]) for stem in stems(text)):
                return ""
    return _spoken(found, claim, evidence)


def _does(text: str, subject: str, verb: str) -> bool:
    """Whether a sentence may say the verb of the subject: `Lee has resigned`, `he resigned`, `Lee's resignation`,
    `the resignation of Mayor Lee`."""
    words = re.findall(r"[\w’']+", text)
    for at, word in enumerate(words):
        if not any(_same(stem, verb) for stem in stems(word)):
            continue
        before, after = words[max(0, at - NEAR - 1) : at], words[at + 1 : at + 2 + NEAR]
        noun = bool(re.search(r"(?:tion|sion|ment|al|ure|ance|ence|th|sis)s?$", word.lower()))
        if noun:
            owns = any(re.match(rf"{re.escape(subject)}[’']", each) for each in before[-2:])
            of = bool(after) and after[0].lower() in ("of", "by") and subject in after
            his = any(each.lower() in ("his", "her", "their") for each in before[-2:])
            if owns or of or his:
                return True
        elif subject in before or any(each.lower() in ("he", "she", "they", "who", "it") for each in before):
            return True
    return False


def _subjects(claim: str, evidence: Evidence) -> tuple[tuple[str, ...], bool]:
    """The last word of the name that the claim begins with, and that it does; else of every name in the question."""
    names = [name for name in evidence.asked.names if claim.find(name) >= 0]
    first = min(names, key=claim.find, default=None)
    if first is not None and len(claim[: claim.find(first)].split()) <= 2:
        return (_last(first),), not re.search(r"[’']s?$", first)  # "Trump's campaign": another is the subject
    return tuple(_last(name) for name in evidence.asked.names), False


def _last(name: str) -> str:
    return re.sub(r"[’']s?$", "", name.rsplit(maxsplit=1)[-1])


def _verbs(claim: str, evidence: Evidence, leads: bool) -> Iterator[str]:
    """What the claim says of its subject: the first words after its name that carry meaning, or the thing asked for.

    Where the subject is no name its own words are among them.
    """
    names = {word for name in evidence.asked.names for word in name.lower().split()}
    words = [
        word
        for word in re.findall(r"[A-Za-z][\w’'-]*", claim)
        if word.lower() not in names and word.lower() not in SMALL
    ]
    plain = [word.lower() for word in words if not word[0].isupper()]
    carrying = [word for word in plain if word not in LIGHT]
    if plain and plain[0] in LIGHT and evidence.asked.noun:
        yield evidence.asked.noun.lower()
    yield from carrying[: 2 if leads else 4]


def _about_the_same(one: Candidate, subjects: tuple[str, ...], leads: bool) -> bool:
    """Whether the sentence, or the one that it leans on, names the subject; and most names of the question are near.

    Where the claim does not begin with a name it is enough that the title or a sentence around has it.
    """
    before = one.before()
    texts = f"{one.text} {before.text if before else ''}" if leads else one.surroundings
    named = any(re.search(rf"\b{re.escape(subject)}", texts, re.IGNORECASE) for subject in subjects)
    return (named or not subjects) and one.features.names_around >= MOST


def _absent(one: Candidate, evidence: Evidence) -> bool:
    """Whether it says that something the question names does not exist."""
    found = ABSENT.search(one.text)
    names = [name for name in evidence.asked.names if " " in name]
    return found is not None and any(
        _last(name) in one.text and len(set(stems(name)) & one.stems) >= 2 for name in names
    )


SAYS_NO = re.compile(r"\b(?:vot(?:e[sd]?|ing)|sa(?:y|ys|id|ying)|answer(?:s|ed|ing)?)\s+$", re.IGNORECASE)


def _denies(one: Candidate, verbs: tuple[str, ...], least: int) -> bool:
    """Whether at least so many of the verbs stand in the reach of a denial."""
    for found in DENIAL.finditer(one.text):
        if found[0].lower() == "no" and SAYS_NO.search(one.text[: found.start()]):
            continue  # whoever voted no did vote
        after = re.split(r"[.;:!?”]|, (?:but|and|who|which)\b", one.text[found.end() :])[0].split()[:SCOPE]
        reached = set(stems(" ".join(after)))
        if found[0].lower() in ("nothing", "none", "no"):  # "conceded nothing"
            reached |= set(stems(" ".join(one.text[: found.start()].split()[-2:])))
        if sum(any(_same(stem, verb) for stem in reached) for verb in dict.fromkeys(verbs)) >= min(
            least, len(verbs) or 1
        ):
            return True
    return False


def _same(stem: str, verb: str) -> bool:
    root = (stems(verb) or [verb])[0]
    return stem == root or (len(root) >= PREFIX and len(stem) >= PREFIX and stem[:PREFIX] == root[:PREFIX])


def _opposes(one: Candidate, claim: str, subjects: tuple[str, ...]) -> bool:
    """Whether it says of the subject the opposite of what the claim does, and nowhere the same."""
    for same, opposite in OPPOSED:
        if not same.search(claim) or opposite.search(claim) or same.search(one.text):
            continue
        for found in opposite.finditer(one.text):
            before, after = (
                one.text[max(0, found.start() - REACH) : found.start()],
                one.text[found.end() : found.end() + 25],
            )
            if DENIAL.search(" ".join(before.split()[-3:])):
                continue
            if any(_leads(subject, before) or subject in after for subject in subjects):
                return True
    return False


def _leads(subject: str, before: str) -> bool:
    """Whether the subject stands before, with no other name between it and the end, or the words go on from "he"."""
    at = before.rfind(subject)
    if at >= 0:
        return not re.search(
            r"(?<!^)\b[A-Z][a-z]{2,}\s+(?!said|says)", re.sub(r"^\W*\w*", "", before[at + len(subject) :])
        )
    return bool(re.search(r"\b(?:[Hh]e|[Ss]he|[Tt]hey|[Ii]t|who)\b[^.]*$", before))


def _spoken(found: re.Match[str], claim: str, evidence: Evidence) -> str:
    """The claim as words of its own: `Pope Francis did endorse Bernie Sanders`."""
    name = next((each for each in evidence.asked.names if claim.startswith((each, f"the {each}"))), None)
    if name is None:
        return claim
    head = claim[: claim.find(name) + len(name)]
    verb = "did" if found["verb"].lower() == "made" else found["verb"].lower()  # "What made X accept ..."
    return f"{head} {verb} {claim[len(head) :].strip()}".strip()
