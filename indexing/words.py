"""Words in tantivy, derived from the catalogue: of chunks, ranked by BM25, and of whole documents, for phrases.

The only file that imports tantivy.
"""

from __future__ import annotations

import math
import re
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import tantivy

from indexing.errors import HomeError
from indexing.filters import Passing

ANALYZER = "english"
FORMAT = "words-2"  # changes with the schema or the analyzer; an index of another format is made again
TEXTS_FORMAT = "texts-2"  # the same for whole documents; changes with `indexing.tokens` as well
# Words a question is made of, beside the analyzer's own stop words: they say what is asked, not what it is about.
QUESTION_WORDS = (
    "who whom whose what which when where why how do does did done doing is was were be been being am are has have had "
    "having can could will would shall should may might must say says said saying tell told about any some there"
).split()
HEAP = 20_000_000  # bytes the writer may hold before it writes a segment
WORD = re.compile("[A-Za-z0-9]+")
# Not ASCII, and perhaps letters or digits: without them a text is cut into words by WORD as tantivy cuts it.
UNUSUAL = re.compile("[^\x00-\x7f\u00a0-\u00a9\u00ab-\u00b1\u00b4\u00b6-\u00b8\u00bb\u00bf\u2000-\u206f]")
CAUSE = re.compile(r"""message: "([^"]+)"|error: "([^".]+)""")
SPARE = 1.5  # times as many are fetched as the share that passes asks for


def _analyzer() -> tantivy.TextAnalyzer:
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    for step in (
        tantivy.Filter.lowercase(),
        tantivy.Filter.ascii_fold(),
        tantivy.Filter.stopword("english"),
        tantivy.Filter.custom_stopword(QUESTION_WORDS),
        tantivy.Filter.stemmer("english"),
    ):
        builder = builder.filter(step)
    return builder.build()


_ANALYZER = _analyzer()


def stems(text: str) -> list[str]:
    """The distinct stems of a text in order, without stop words."""
    if UNUSUAL.search(text):
        return list(dict.fromkeys(_ANALYZER.analyze(text)))
    return list(filter(None, dict.fromkeys(map(_stem, WORD.findall(text)))))


def finder(wanted: Iterable[str]) -> Callable[[str], frozenset[str]]:
    """A function that tells which of these stems a text holds: as `stems` does, but several times quicker.

    No step of the analyzer changes the first letter of a word, so only words that begin as one of them are looked at.
    """
    among = frozenset(wanted)
    initials = "".join(sorted({letter for stem in among for letter in (stem[0], stem[0].upper()) if WORD.match(stem)}))
    alike = re.compile(f"(?<![A-Za-z0-9])[{initials}][A-Za-z0-9]*") if initials else None

    def held(text: str) -> frozenset[str]:
        if UNUSUAL.search(text):
            return among.intersection(_ANALYZER.analyze(text))
        return among.intersection(map(_stem, alike.findall(text))) if alike else frozenset()

    return held


@lru_cache(maxsize=1 << 16)
def _stem(word: str) -> str:
    """Of one word, as every step of the analyzer looks at one word alone; empty for a stop word."""
    return "".join(_ANALYZER.analyze(word))


def _plain(error: Exception) -> str:
    """What went wrong, without the Rust values around it that tantivy prints."""
    said = CAUSE.search(str(error))
    return next(filter(None, said.groups())) if said else str(error)


class _Index:
    """Texts by integer id; a small file beside them records the catalogue generation reached."""

    def __init__(self, folder: Path, form: str, key: str, analyzer: str) -> None:
        self._mark = folder / "generation"
        self._form = form
        self._key = key
        schema = (
            tantivy.SchemaBuilder()
            .add_integer_field(key, indexed=True, fast=True)  # deleting by an unsigned field deletes nothing
            .add_text_field("text", tokenizer_name=analyzer)
            .build()
        )
        if folder.is_dir() and self.generation < 0:
            shutil.rmtree(folder)  # of another format, or made by a run that was killed before it held anything
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._index = tantivy.Index(schema, path=str(folder))
        except (ValueError, OSError) as error:
            said = _plain(error)
            raise HomeError(
                f"the word index in {folder} cannot be opened ({said}); run `onrecord doctor`, which makes it anew"
            ) from error
        self._index.config_reader("manual")
        if not self._mark.is_file():
            self.reach(0)
        self._seen = self.generation
        self._writer: tantivy.IndexWriter | None = None

    @property
    def generation(self) -> int:
        """The catalogue generation that this index has reached; -1 when its format is another, or not known."""
        try:
            form, _, number = self._mark.read_text(encoding="utf-8", errors="replace").partition(" ")
        except (FileNotFoundError, NotADirectoryError):
            return -1
        return int(number) if form == self._form and number.isdigit() else -1

    def reach(self, generation: int) -> None:
        part = self._mark.with_suffix(".part")
        try:
            part.write_text(f"{self._form} {generation}", encoding="utf-8")
            part.replace(self._mark)
            self._seen = generation
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: Exception) -> HomeError:
        return HomeError(
            f"the word index in {self._mark.parent} cannot be written ({_plain(error)}); "
            "see to the disk, then run again"
        )

    def change(self, added: Mapping[int, str], removed: Sequence[int]) -> None:
        """Add `{id: text}`, remove ids, in one commit; searches see it at once."""
        try:
            if self._writer is None:
                self._writer = self._index.writer(heap_size=HEAP, num_threads=1)
            for number in (*removed, *added):
                self._writer.delete_documents_by_term(self._key, number)
            for number, text in added.items():
                document = tantivy.Document()
                document.add_integer(self._key, number)
                document.add_text("text", text)
                self._writer.add_document(document)
            self._writer.commit()
            self._index.reload()
        except (ValueError, OSError) as error:  # tantivy's own errors come as ValueError
            self._writer = None
            raise self._unwritable(error) from error

    def ids(self) -> set[int]:
        """All ids it holds."""
        searcher = self._index.searcher()
        if searcher.num_docs == 0:
            return set()
        addresses = [
            address
            for _, address in searcher.search(tantivy.Query.all_query(), limit=searcher.num_docs, count=False).hits
        ]
        return {int(value) for value in searcher.fast_field_values(self._key, addresses) if value is not None}

    def _follow(self) -> None:
        """See what another process has written since; the same as before where a rebuild is clearing this folder."""
        generation = self.generation
        if generation not in (self._seen, -1):
            with suppress(ValueError):  # cleared between the two reads: what was opened can still be searched
                self._index.reload()
                self._seen = generation

    def _best(self, query: tantivy.Query, count: int) -> list[tuple[int, float]]:
        self._follow()
        searcher = self._index.searcher()
        hits = searcher.search(query, limit=count, count=False).hits
        numbers = searcher.fast_field_values(self._key, [address for _, address in hits])
        return [(int(number or 0), float(score)) for number, (score, _) in zip(numbers, hits, strict=True)]

    def release(self) -> None:
        """Let go of the writer, of which there can be one at a time in all processes; searches go on."""
        writer, self._writer = self._writer, None
        if writer is not None:
            try:
                writer.wait_merging_threads()
            except ValueError as error:
                raise self._unwritable(error) from error


class WordIndex(_Index):
    """BM25 over stemmed words of chunks."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, FORMAT, "chunk", ANALYZER)
        self._index.register_tokenizer(ANALYZER, _ANALYZER)

    def search(self, question: str, count: int, passing: Passing | None = None) -> list[tuple[int, float]]:
        """`(chunk id, BM25 score)` of chunks that share a word with the question, best first, at most `count`.

        Of all chunks, or of those that pass; scores are the same in either case.
        """
        terms = stems(question)
        if not terms or count < 1:
            return []
        schema = self._index.schema
        query = tantivy.Query.boolean_query(
            [(tantivy.Occur.Should, tantivy.Query.term_query(schema, "text", term, "freq")) for term in terms]
        )
        if passing is None:
            return self._best(query, count)
        # To fetch so many hits, or to tell the index so many chunks, takes about the same time: the fewer of the two.
        fetched = round(count * SPARE / passing.share) if len(passing.ids) else 0
        while fetched < len(passing.ids):
            found = self._best(query, fetched)
            kept = [pair for pair in found if pair[0] in passing]
            if len(kept) >= count or len(found) < fetched:
                return kept[:count]
            fetched *= 4
        among = tantivy.Query.term_set_query(schema, "chunk", passing.ids.tolist())
        both = [(tantivy.Occur.Must, query), (tantivy.Occur.Must, tantivy.Query.const_score_query(among, 0.0))]
        return self._best(tantivy.Query.boolean_query(both), count)

    def holding(self, words: str, count: int) -> list[int]:
        """Ids of at most `count` chunks that hold every one of these words in any form and order, likeliest first."""
        schema = self._index.schema
        terms = [(tantivy.Occur.Must, tantivy.Query.term_query(schema, "text", term, "freq")) for term in stems(words)]
        return [number for number, _ in self._best(tantivy.Query.boolean_query(terms), count)] if terms else []

    def weights(self, terms: Sequence[str]) -> dict[str, float]:
        """Inverse document frequency of each stem over all chunks, in nats; a word no chunk has weighs most."""
        searcher = self._index.searcher()
        total = searcher.num_docs
        return {term: math.log(1 + (total + 0.5) / (searcher.doc_freq("text", term) + 0.5)) for term in terms}


class TextIndex(_Index):
    """Whole texts as words with their positions, keyed by version id: where do these words stand in a row?

    It is given texts and asked for phrases as `indexing.tokens.indexed_words` writes them: words with blanks between.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, TEXTS_FORMAT, "version", "whitespace")

    def phrase(self, words: Sequence[str], count: int) -> list[int]:
        """Ids of at most `count` texts that hold these words in a row."""
        return [number for number, _ in self._best(self._phrase(words), count)] if words else []

    def phrases(self, phrases: Sequence[Sequence[str]], count: int) -> list[tuple[int, float]]:
        """`(id, score)` of texts that hold at least one of these runs of words, the most and rarest first."""
        if not phrases:
            return []
        clauses = [(tantivy.Occur.Should, self._phrase(words)) for words in phrases]
        return self._best(tantivy.Query.boolean_query(clauses), count)

    def frequencies(self, words: Iterable[str]) -> dict[str, int]:
        """In how many texts each word stands."""
        searcher = self._index.searcher()
        return {word: searcher.doc_freq("text", word) for word in words}

    def count(self) -> int:
        return int(self._index.searcher().num_docs)

    def _phrase(self, words: Sequence[str]) -> tantivy.Query:
        schema = self._index.schema
        if len(words) == 1:
            return tantivy.Query.term_query(schema, "text", words[0], "freq")
        return tantivy.Query.phrase_query(schema, "text", list(words))
