"""Web pages by trafilatura: the article and what the page says of itself, else all visible text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Set
from itertools import pairwise
from pathlib import Path

from indexing.decoding import decode_as
from indexing.documents import Metadata
from indexing.errors import LoadError
from indexing.extraction import Extraction, ReadOptions, Shown, TextBuilder, excerpts, one_line, title_of
from indexing.readers import damaged, read_limited
from indexing.readers.visible import Element, blocks_of, take_out_hidden, write_marks

CHARSET = re.compile(rb"""<(?:meta|\?xml)[^>]{0,300}?(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
FEW_WORDS = 25  # an article of fewer words is taken for a miss where the page shows four times as many


def read_html(path: Path, options: ReadOptions) -> Iterator[Extraction]:
    """One document; nothing that the page points to is ever fetched."""
    text, encoding = decode_html(read_limited(path, options.max_bytes))
    yield page(text, encoding, path, options)


def decode_html(data: bytes) -> tuple[str, str]:
    """`(text, encoding)`: by byte order mark, then as the page declares it if that holds, then by detection."""
    declared = CHARSET.search(data[:4096])
    return decode_as(declared[1].decode("ascii", "replace") if declared else "", data)[:2]


def parse(text: str) -> Element:
    """The tree of a page; entities of a document type are not resolved, nothing is fetched."""
    from lxml import etree, html  # type: ignore[import-untyped]

    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True)
    try:
        tree = html.document_fromstring(text.encode("utf-8", "ignore"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError) as error:
        raise damaged(".html", str(error)) from error
    if any("depth" in entry.message for entry in parser.error_log):  # libxml2 leaves out what lies deeper
        raise LoadError("its elements are nested more than 256 deep", "open it in a browser and save its text")
    write_marks(tree)
    return tree


def page(text: str, encoding: str, path: Path, options: ReadOptions) -> Extraction:
    """The article of a page, else its whole visible text."""
    tree = parse(text)
    declared = one_line(tree.get("lang") or tree.get("xml:lang") or "")
    dates = _stated_dates(tree)
    hidden = take_out_hidden(tree)
    for element in list(tree.iter("pre")):
        element.tag = "div"  # or trafilatura takes it for a block quote
        _break_lines(element)
    for element in tree.iterfind(".//*[@aria-hidden]"):
        del element.attrib["aria-hidden"]  # it is seen all the same, but extractors pass over it
    seen = list(blocks_of(tree))
    about, article = _article(tree)
    warnings = []
    if _words(article) < FEW_WORDS and (inside := _inside(tree)):
        article = inside  # of a few words extractors make one paragraph together with the menus
    elif _words(article) < FEW_WORDS and _words(seen) > 4 * _words(article):
        article = seen
        warnings.append("no article was found in the page, so all of its visible text is used")
    article = list(_completed(article, seen, _captions(tree)))
    headline = next((shown for kind, shown in seen if kind == "heading"), "")
    builder = TextBuilder(options)
    if headline and headline == _first_h1(tree) and headline not in [shown for _, shown in article[:3]]:
        builder.add(headline, "heading")  # extractors leave the headline out of the article; readers do not
    for kind, shown in article:
        builder.add(shown, kind)
    if hidden and not builder.length:
        raise LoadError("all of its text is hidden from readers", "nothing to do, or show its text", skipped=True)
    canonical, blocks = builder.build()
    metadata = Metadata(
        title=about.title or title_of(canonical, blocks, path),
        source=about.source,
        author=about.author,
        date=about.date,
        url=about.url,
        about=about.about,
    )
    found = _found_in(about.date, about.url, dates)
    return Extraction(
        canonical,
        blocks,
        metadata,
        encoding=encoding,
        date_found=found,
        language=declared,
        hidden=excerpts(hidden),
        warnings=tuple(warnings),
    )


def _article(tree: Element) -> tuple[Metadata, list[Shown]]:
    """What trafilatura finds; it is given the tree, never an address."""
    from trafilatura import bare_extraction

    found = bare_extraction(
        tree,
        include_comments=False,
        include_tables=True,
        with_metadata=True,
        # A search through the whole text would date a page by any year in it; today is no bound for what may come.
        date_extraction_params={"extensive_search": False, "original_date": True, "max_date": "2100-01-01"},
    )
    if found is None or isinstance(found, dict):
        return Metadata(), []
    url = one_line(found.url)
    metadata = Metadata(
        title=one_line(found.title),
        source=one_line(found.sitename),
        author=one_line(found.author),
        date=one_line(found.date),
        url=url if re.match(r"https?://[^/]", url) else "",
        about=one_line(found.description),
    )
    return metadata, [] if found.body is None else list(blocks_of(found.body, article=True))


def _completed(article: list[Shown], seen: list[Shown], captions: Set[str]) -> Iterator[Shown]:
    """With what extractors leave out of an article: headings right above what is kept, captions before some of it."""
    kept = {shown for _, shown in article}
    above: dict[str, list[Shown]] = {}
    waiting: list[Shown] = []
    for (kind, shown), (_, below) in pairwise([*seen, ("text", "")]):
        if shown in kept:
            above.setdefault(shown, waiting)
            waiting = []
        elif shown in captions or (kind == "heading" and below in kept):
            waiting.append((kind, shown))
    for kind, shown in article:
        yield from above.pop(shown, ())
        yield kind, shown


def _captions(tree: Element) -> Set[str]:
    """Of pictures in the article or the main part of a page."""
    found = tree.iterfind(".//figcaption")
    return {
        shown
        for caption in found
        if any(up.tag in ("article", "main") for up in caption.iterancestors())
        for _, shown in blocks_of(caption)
    }


def _inside(tree: Element) -> list[Shown]:
    """What stands in the one element that a page calls its article, or else its main part."""
    for name in ("article", "main"):
        found = tree.findall(f".//{name}")
        if len(found) == 1:
            return list(blocks_of(found[0]))
    return []


def _break_lines(element: Element) -> None:
    """The lines of text that keeps them, as line breaks that other elements show, too."""
    for part in list(element.iter()):
        for place in ("text", "tail"):
            lines = re.split(r"\r\n|\r|\n", getattr(part, place) or "")
            if len(lines) == 1 or (place == "tail" and part is element):
                continue
            setattr(part, place, lines[0])
            holder, index = (part, 0) if place == "text" else (part.getparent(), part.getparent().index(part) + 1)
            for number, line in enumerate(lines[1:]):
                broken = holder.makeelement("br")
                broken.tail = line
                holder.insert(index + number, broken)


def _words(blocks: list[Shown]) -> int:
    return sum(len(shown.split()) for _, shown in blocks)


def _first_h1(tree: Element) -> str:
    first = tree.find(".//h1")
    return "" if first is None else one_line(first.text_content())


def _stated_dates(tree: Element) -> dict[str, str]:
    """Everything in a page that states dates in a form for machines, by what it is called."""
    return {
        "meta tag": " ".join(element.get("content") or "" for element in tree.iter("meta")),
        "json-ld": " ".join(
            _dates_of(element.text or "") for element in tree.iter("script") if "ld+json" in (element.get("type") or "")
        ),
        "time element": " ".join(
            f"{element.get('datetime') or ''} {element.text or ''}" for element in tree.iter("time", "abbr")
        ),
    }


def _dates_of(text: str) -> str:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return ""
    return " ".join(re.findall(r'"date\w*"\s*:\s*"([^"]{4,40})"', text))


def _found_in(date: str, url: str, dates: dict[str, str]) -> str:
    """How a date is known, by where it is written; empty without a date."""
    if not date:
        return ""
    year, month, day = date.split("-")
    if re.search(rf"{year}\D?0?{int(month)}\D?0?{int(day)}(?!\d)", url):
        return "url"
    return next((name for name, stated in dates.items() if date in stated), "page text")
