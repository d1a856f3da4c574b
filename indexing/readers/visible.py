"""What of a web page can be seen: elements that its styles hide are taken out, the rest is read block by block."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from indexing.extraction import Shown

Element = Any  # an lxml element; lxml ships no types
Styles = dict[str, str]

UNSEEN = frozenset(
    "audio canvas datalist embed head iframe input noscript object script select style svg template textarea"
    " video".split()
)
BREAKS = frozenset(
    "address article aside blockquote body caption center dd details div dl dt fieldset figcaption figure footer form"
    " h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav ol p pre section summary table tbody tfoot thead"
    " title tr ul".split()
)
HEADINGS = frozenset("h1 h2 h3 h4 h5 h6".split())
CELLS = frozenset(("td", "th", "cell"))
QUOTES = frozenset(("blockquote", "quote"))
# The elements of trafilatura's own body, which is close to TEI.
ARTICLE_BREAKS = frozenset("body code div head item list main p quote row table".split())
ARTICLE_HEADINGS = frozenset(("head",))

RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
SIMPLE = re.compile(r"([a-zA-Z][\w-]*)?((?:[.#][\w-]+)*)")
LENGTH = re.compile(r"(-?[\d.]+)\s*(px|pt|em|rem|ex|ch|vw|vh|%|cm|mm|in)?")
PIXELS = {"": 1.0, "px": 1, "pt": 1.33, "em": 16, "rem": 16, "ex": 8, "ch": 8, "cm": 38, "mm": 3.8, "in": 96}
WHITE = re.compile(
    r"white|snow|ivory|transparent|#f[b-f]f[b-f]f[b-f]|#fff|#[\da-f]{6}00|rgba?\(\s*25\d\D+25\d\D+25\d.*|rgba\([^)]*,\s*0?\.?0+\)"
)


def take_out_hidden(tree: Element) -> list[str]:
    """Remove from a page what its inline styles and style sheets hide from a reader; the texts that went."""
    sheet = style_rules("\n".join(element.text or "" for element in tree.iter("style")))
    styles = {element: _style(element, sheet) for element in tree.iter() if isinstance(element.tag, str)}
    hidden: dict[Element, None] = {}
    for element in styles:
        if element.tag in ("html", "body") or element.tag in UNSEEN or element.getparent() is None:
            continue
        if _hidden(element, styles) and not any(up in hidden for up in element.iterancestors()):
            hidden[element] = None
    texts = ["".join(_seen_strings(element)) for element in hidden]
    for element in hidden:
        element.drop_tree()
    return [text for text in texts if text.strip()]


def write_marks(tree: Element) -> None:
    """Write the marks that browsers show around a `q` element, in or outside of another one, into its text."""
    for element in list(tree.iter("q")):
        opening, closing = "‘’" if sum(up.tag == "q" for up in element.iterancestors()) % 2 else "“”"
        element.text = opening + (element.text or "")
        if len(element):
            element[-1].tail = (element[-1].tail or "") + closing
        else:
            element.text += closing
    for element in list(tree.iter("q")):
        element.drop_tag()


def _seen_strings(element: Element) -> Iterator[str]:
    for part in element.iter():
        if part.tag not in UNSEEN and isinstance(part.tag, str) and part.text:
            yield part.text
        if part is not element and part.tail:
            yield part.tail


@dataclass(frozen=True, slots=True)
class Rule:
    """The declarations of one simple selector (`p`, `.note`, `p.note#one`)."""

    tag: str
    names: frozenset[str]  # ".note", "#one"
    style: tuple[tuple[str, str], ...]


def style_rules(css: str) -> dict[str, list[Rule]]:
    """The rules with simple selectors, outside of `@media` and the like, by one name each selects on."""
    found: dict[str, list[Rule]] = {}
    for match in RULE.finditer(_without_at_rules(re.sub(r"/\*.*?\*/", "", css[:1_000_000], flags=re.DOTALL))):
        style = tuple(_declarations(match[2]).items())
        for selector in match[1].split(",") if style else ():
            simple = SIMPLE.fullmatch(selector.strip())
            if simple and simple[0]:
                names = frozenset(re.findall(r"[.#][\w-]+", simple[2]))
                rule = Rule((simple[1] or "").lower(), names, style)
                found.setdefault(min(names) if names else rule.tag, []).append(rule)
    return found


def _without_at_rules(css: str) -> str:
    """Style sheets apply where a condition holds; what stands in one is passed over."""
    kept, at = [], 0
    for match in re.finditer(r"@[\w-]+[^{};]*[{;]", css):
        if match.start() < at:
            continue
        kept.append(css[at : match.start()])
        at = match.end()
        depth = int(css[at - 1] == "{")
        while depth and at < len(css):
            depth += (css[at] == "{") - (css[at] == "}")
            at += 1
    return "".join([*kept, css[at:]])


RELEVANT = frozenset(
    "display visibility opacity font-size color background background-color position left top right bottom clip"
    " clip-path width height max-height max-width overflow text-indent margin-left transform".split()
)


def _declarations(style: str) -> Styles:
    pairs = (part.partition(":") for part in style.lower().split(";"))
    return {
        name.strip(): value.replace("!important", "").strip() for name, _, value in pairs if name.strip() in RELEVANT
    }


def _style(element: Element, sheet: dict[str, list[Rule]]) -> Styles:
    """The declared style of an element: by tag, then by class and id, then its own attributes."""
    names = {f".{name}" for name in (element.get("class") or "").split()}
    if element.get("id"):
        names.add(f"#{element.get('id')}")
    style: Styles = {}
    for key in (element.tag, *sorted(names)):
        for rule in sheet.get(key, ()):
            if rule.names <= names and rule.tag in ("", element.tag):
                style.update(rule.style)
    if element.get("bgcolor") or element.get("background"):
        style["background"] = (element.get("bgcolor") or "image").lower()
    if element.tag == "font" and element.get("color"):
        style["color"] = element.get("color").lower()
    style.update(_declarations(element.get("style") or ""))
    if element.get("hidden") is not None or (element.tag == "dialog" and element.get("open") is None):
        style["display"] = "none"
    return style


def _hidden(element: Element, styles: dict[Element, Styles]) -> bool:
    style = styles[element]
    if not style:
        return False
    if style.get("display") == "none" or _pixels(style.get("opacity"), 1) < 0.05 or _off_screen(style):
        return True
    if style.get("visibility") in ("hidden", "collapse"):
        return not _undone(element, styles, "visibility", lambda value: value == "visible")
    if _pixels(style.get("font-size"), 16) <= 1.5:
        return not _undone(
            element, styles, "font-size", lambda value: value[-1:] not in "m%" and _pixels(value, 0) > 1.5
        )
    if WHITE.fullmatch(style.get("color", "")):
        return _on_white(element, styles) and not _undone(
            element, styles, "color", lambda value: not WHITE.fullmatch(value)
        )
    return False


def _undone(element: Element, styles: dict[Element, Styles], name: str, shows: Any) -> bool:
    """Whether an element below sets an inherited property back."""
    return any(shows(styles[below][name]) for below in element.iterdescendants() if name in styles.get(below, ()))


def _off_screen(style: Styles) -> bool:
    """Moved out of the window, cut to nothing or of no size."""
    if style.get("position") in ("absolute", "fixed") and (
        any(_pixels(style.get(side), 0) <= -500 for side in ("left", "top", "right", "bottom"))
        or re.match(r"rect\(\s*[01](px)?[\s,]+[01](px)?[\s,]+[01](px)?[\s,]+[01](px)?", style.get("clip", ""))
    ):
        return True
    if min(_pixels(style.get("text-indent"), 0), _pixels(style.get("margin-left"), 0)) <= -500:
        return True
    sizes = [_pixels(style.get(name), 100) for name in ("width", "height", "max-height", "max-width")]
    return (
        (min(sizes) <= 1 and style.get("overflow", "") in ("hidden", "clip"))
        or style.get("clip-path", "") in ("inset(50%)", "inset(100%)", "circle(0)")
        or re.match(r"scale[xy]?\(\s*0(\.0+)?\s*[,)]", style.get("transform", "")) is not None
    )


def _on_white(element: Element, styles: dict[Element, Styles]) -> bool:
    """Whether the nearest background that is known is white; a page without any is."""
    for up in (element, *element.iterancestors()):
        style = styles.get(up, {})
        background = style.get("background-color") or style.get("background")
        if background and background not in ("none", "transparent", "inherit"):
            return WHITE.fullmatch(background.split()[0]) is not None
    return True


def _pixels(value: str | None, default: float) -> float:
    match = LENGTH.match(value or "")
    if match is None:
        return default
    try:
        return float(match[1]) * PIXELS.get(match[2] or "", 16)
    except ValueError:
        return default


def blocks_of(tree: Element, *, article: bool = False) -> Iterator[Shown]:
    """The blocks of a page, or of an article as trafilatura gives it: paragraphs, headings, items, table rows; what
    stands in a block quote is of kind `quote`."""
    from lxml.etree import iterwalk  # type: ignore[import-untyped]

    breaks, headings = (ARTICLE_BREAKS, ARTICLE_HEADINGS) if article else (BREAKS, HEADINGS)
    unseen = frozenset[str]() if article else UNSEEN
    words: list[str] = []
    heading = quote = 0
    walk = iterwalk(tree, events=("start", "end"))
    for event, element in walk:
        tag = element.tag if isinstance(element.tag, str) else ""
        ends = tag in breaks
        if ends and (shown := "".join(words).strip(" \n\t")):
            yield "heading" if heading else "quote" if quote else "text", shown
        if ends:
            words.clear()
        heading += (1 if event == "start" else -1) if tag in headings else 0
        quote += (1 if event == "start" else -1) if tag in QUOTES else 0
        if event == "start" and (tag in unseen or not tag):
            walk.skip_subtree()
        elif event == "start":
            words.append("\n" if tag in ("br", "lb") else _flowed(element.text))
        else:
            words.append("\t" if tag in CELLS else "")
            words.append(_flowed(element.tail) if element is not tree else "")
    if shown := "".join(words).strip(" \n\t"):
        yield "text", shown


def _flowed(text: str | None) -> str:
    return re.sub(r"[^\S\xa0]+", " ", text) if text else ""
