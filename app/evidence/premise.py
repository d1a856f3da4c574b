"""False premises: what a question takes for granted, and a sentence of the sources that says otherwise.

"Why did the council close the bridge?" takes for granted that it did. A sentence contradicts that when it is about the
same and denies the question's verb of the same subject ("the council did not close"), answers no to somebody who asked
that ("asked whether it would, he said never"), asserts the opposite of it ("the council kept the bridge open"), or says
that a thing named in the question does not exist.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from app.evidence.affirmations import Claim, affirmed, rest_of, says
from app.evidence.candidates import Candidate, Evidence
from app.evidence.denials import DENIAL, NOBODY, absent, denies, last_word, left_out, opposes, same, undone
from app.lexicons import lexicon
from indexing.words import stems

LOOKED_AT = 15  # sentences, those most to the point first
ABOUT = 0.4  # share of the question's words that the sentence with its neighbours must hold
MOST = 0.6  # share of the names of the question that the sentence with its neighbours and title must have
HALF = 0.5  # ... that must be near a denial that leaves out what it denies

AUXILIARY = re.compile(
    r"\b(?:why|how|when|where|what|which|whom|who|whose)\b[^?]*?\b(?P<verb>did|does|do|was|were|is|are|has|have|had|"
    r"will|would|made|could|can)\s+(?P<rest>[^?]+)",
    re.IGNORECASE,
)
SUBJECT = re.compile(r"^(?:which|what|who|how many)\s+(?P<rest>[^?]+)", re.IGNORECASE)  # "Which trustees voted no?"
DENYING = re.compile(r"(?<= )(?:den(?:y|ies|ied)|refuse[sd]?|decline[sd]?|reject(?:s|ed)?)\b", re.IGNORECASE)  # a deed
SPOKE = re.compile(
    r"^what (?:did|does|do|has|have|had) [^?]*\b(?:say|said|tell|told|think|thought)\b(?! that)", re.IGNORECASE
)
LIGHT = frozenset(" ".join(lexicon("light_verbs")).split())  # they leave what is done to the words after them
SMALL = frozenset(" ".join(lexicon("small_words")).split())


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
    found = _supposed(question)
    if found is None or SPOKE.search(question) or DENIAL.search(DENYING.sub("", question)):
        return None
    claim = found["rest"].strip()
    for one in sorted(evidence.ranked, key=lambda each: (-each.topic, -each.score))[:LOOKED_AT]:
        if found.re is SUBJECT and not NOBODY.search(one.text):
            continue  # that somebody did not says nothing of others
        if one.features.around >= ABOUT and _against(one, claim, evidence):
            return Premise(_spoken(found, claim, evidence), one)
    return None


def _supposed(question: str) -> re.Match[str] | None:
    """What a question takes for granted: its `rest`."""
    return AUXILIARY.search(question) or SUBJECT.match(question)


def stated(evidence: Evidence) -> bool:
    """Whether some sentence that was found says what the question takes for granted, as far as words can tell."""
    found = _supposed(evidence.question)
    if found is None:
        return False
    claim = found["rest"].strip()
    subjects, leads = _subjects(claim, evidence)
    verb = next(_carrying(claim, evidence), "")
    if not (leads and verb):
        return False  # without a name that does it, words alone cannot tell whose deed is spoken of
    return affirmed(Claim(subjects, verb, rest_of(claim, subjects, verb)), evidence)


def said_by(one: Candidate, evidence: Evidence) -> bool:
    """Whether a sentence says what the question takes for granted, read with the sentence before it; one that denies
    anything does not."""
    found = _supposed(evidence.question)
    if found is None or DENIAL.search(one.text):
        return False
    claim, before = found["rest"].strip(), one.before()
    subjects, leads = _subjects(claim, evidence)
    verb = next(_carrying(claim, evidence), "")
    deed = Claim(subjects, verb, rest_of(claim, subjects, verb))
    title = one.passage.document.metadata.title
    return leads and bool(verb) and says(deed, title, before.text if before else "", one.text)


def _against(one: Candidate, claim: str, evidence: Evidence) -> bool:
    """Whether a sentence says that the claim is not so."""
    subjects, leads = _subjects(claim, evidence)
    about = _about_the_same(one, subjects, leads)
    if denied := DENYING.search(f" {claim}"):  # "Why did Lee refuse to pay?" - that Lee did not pay agrees with that
        return about and denies(one, (denied[0].lower(),), 1)
    words = tuple(_carrying(claim, evidence))
    if one.features.names_around >= HALF and left_out(one, words):
        return True
    if not about:
        return False
    verbs, least = tuple(_verbs(claim, evidence, leads)), 1 if leads else 2
    if leads and " that " in claim:  # "Why does Lee believe that ...?" - what is believed
        verbs, least = words[1:5], 2
    thing = words[1] if leads and len(words) > 1 else ""
    if absent(one, evidence.asked.names) or denies(one, verbs, least, subjects if leads else (), thing):
        return True
    if opposes(one, claim, subjects):
        return True
    said = [word for word in re.findall(r"[a-z]+", claim) if word not in SMALL]
    return not leads and (undone(one, evidence.asked.noun, said) or opposes(one, claim, words[:2], plain=True))


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
    for one in evidence.sentences:
        if not any(same(stem, verb) for stem in stems(one.text)):
            continue
        if _does(one.text, subjects[0], verb):
            return ""
        if subjects[0] in one.text:
            beside = True
        elif subjects[0] in one.before or subjects[0] in one.after:
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
    for one in evidence.sentences:
        near = f"{one.title} {one.before} {one.text} {one.after}"
        if subjects[0] in near and any(same(stem, verbs[0]) for stem in stems(one.text)):
            return ""
    return _spoken(found, claim, evidence)


def _does(text: str, subject: str, verb: str) -> bool:
    """Whether a sentence may say the verb of the subject: `Lee has resigned`, `he resigned`, `Lee's resignation`,
    `the resignation of Mayor Lee`."""
    words = re.findall(r"[\w’']+", text)
    for at, word in enumerate(words):
        if not any(same(stem, verb) for stem in stems(word)):
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
    ahead = claim[: claim.find(first)].split() if first is not None else []
    if first is not None and len(ahead) <= 2 and "of" not in ahead:  # "the trustees of Vale": they are the subject
        return (last_word(first),), not re.search(r"[’']s?$", first)  # "Trump's campaign": another is the subject
    return tuple(last_word(name) for name in evidence.asked.names), False


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
    yield from carrying[: 1 if leads else 4]


def _carrying(claim: str, evidence: Evidence) -> Iterator[str]:
    """The words of the claim that carry meaning, without its names."""
    names = {word for name in evidence.asked.names for word in name.lower().split()}
    for word in dict.fromkeys(re.findall(r"(?<![\w’'-])[a-z][\w’'-]*", claim)):
        if word not in names and word not in SMALL and word not in LIGHT:
            yield word


def _about_the_same(one: Candidate, subjects: tuple[str, ...], leads: bool) -> bool:
    """Whether the sentence, or the one that it leans on, names the subject; and most names of the question are near.

    Where the claim does not begin with a name it is enough that the title or a sentence around has it.
    """
    before = one.before()
    texts = f"{one.text} {before.text if before else ''}" if leads else one.surroundings
    named = any(re.search(rf"\b{re.escape(subject)}", texts, re.IGNORECASE) for subject in subjects)
    return (named or not subjects) and one.features.names_around >= MOST


def _spoken(found: re.Match[str], claim: str, evidence: Evidence) -> str:
    """The claim as words of its own: `Pope Francis did endorse Bernie Sanders`, `some of the trustees voted no`."""
    if found.re is SUBJECT:
        return f"some {claim}" if not found[0].lower().startswith("who") else f"somebody {claim}"
    name = next((each for each in evidence.asked.names if claim.startswith((each, f"the {each}"))), None)
    if name is None:
        return claim
    head = claim[: claim.find(name) + len(name)]
    verb = "did" if found["verb"].lower() == "made" else found["verb"].lower()  # "What made X accept ..."
    return f"{head} {verb} {claim[len(head) :].strip()}".strip()
