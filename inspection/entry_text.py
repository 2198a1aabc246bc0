"""What can be found of a ledger entry: its facts, its words, and the pieces that an index keeps of them.

Text is found by substring, in any script. Chinese has no spaces, and its commonest words have two characters, so the
pieces are single characters and pairs of neighbours: a term of one or two characters is found by its one piece, a
longer one by all of its pairs, after which the whole term is compared. (An index of three characters would find none
of the words of two.)
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ledger.entry import LedgerEntry, Record

MAX_TEXT = 20_000
MAX_TERMS = 8
SEPARATOR = " · "
_EXCERPT_BEFORE, _EXCERPT_AFTER = 24, 96
# Ids, hashes and times are asked for by other means; as text they would only fill the index.
_NO_WORD = re.compile(
    r"[0-9a-f]{32,128}|[0-9a-f-]{36}|\d{4}-\d\d-\d\dT[\d:.]+Z|(user|device):[0-9a-f-]{36}"
)


@dataclass(frozen=True)
class EntrySummary:
    """What a ledger entry is found by; all but section, kind and time is forgotten with its content."""

    section: str
    kind: str
    at: datetime
    hazard_code: str | None = None
    level: str | None = None
    state: str | None = None
    source: str | None = None
    item_id: str | None = None
    text: str = ""
    is_erased: bool = False

    @classmethod
    def from_entry(cls, entry: LedgerEntry) -> "EntrySummary":
        """Return the summary of an entry; its `text` is folded."""
        header, record = entry.header, entry.record
        if record is None:
            return cls(header.section, header.kind, header.at, is_erased=True)
        return cls(
            section=header.section,
            kind=header.kind,
            at=header.at,
            hazard_code=_word(record.data.get("hazard_code")),
            level=_word(record.data.get("level")),
            state=_word(record.data.get("state")),
            source=_source(record),
            item_id=_word(record.data.get("item_id")),
            text=fold(text_of(record)),
        )


@dataclass(frozen=True)
class Excerpt:
    """A piece of an entry's text around the first hit; `marks` are (start, end) of every hit in it, end excluded."""

    text: str
    marks: tuple[tuple[int, int], ...]


def text_of(record: Record) -> str:
    """Return the words of a record (NFKC), as they are shown; ids, hashes and times left out."""
    words = SEPARATOR.join(dict.fromkeys(_words(dict(record.data))))
    # JSON may hold a NUL, PostgreSQL's text may not.
    return unicodedata.normalize("NFKC", words).replace("\x00", " ")[:MAX_TEXT]


def fold(text: str) -> str:
    """Return text as it is compared: NFKC, lower case, every character in its place."""
    normal = unicodedata.normalize("NFKC", text)
    return "".join(lower if len(lower := c.lower()) == 1 else c for c in normal)


def terms_of(query: str) -> tuple[str, ...]:
    """Return the folded terms of a query: all of them must be found. At most `MAX_TERMS` count."""
    return tuple(dict.fromkeys(fold(query).split()))[:MAX_TERMS]


def pieces_of(text: str) -> set[str]:
    """Return the characters and pairs of neighbours of a folded text, spaces left out, as ASCII tokens."""
    pieces: set[str] = set()
    for word in text.split():
        pieces.update(map(_token, word))
        pieces.update(_token(word[at : at + 2]) for at in range(len(word) - 1))
    return pieces


def pieces_asked(term: str) -> set[str]:
    """Return the pieces that a text must have to hold a term."""
    if len(term) == 1:
        return {_token(term)}
    return {_token(term[at : at + 2]) for at in range(len(term) - 1)}


def excerpt_of(record: Record | None, terms: tuple[str, ...]) -> Excerpt | None:
    """Return where a record has the terms; None without terms or content."""
    if record is None or not terms:
        return None
    text = text_of(record)
    folded = fold(text)
    first = min((at for term in terms if (at := folded.find(term)) >= 0), default=0)
    start = max(0, first - _EXCERPT_BEFORE)
    if start > 0:
        # Not in the middle of a fact, where one begins after the cut.
        start = max(start, text.rfind(SEPARATOR, start, first) + len(SEPARATOR))
    end = first + _EXCERPT_AFTER
    marks = sorted(
        (found.start(), found.end())
        for term in terms
        for found in re.finditer(re.escape(term), folded[start:end])
    )
    return Excerpt(text[start:end], tuple(_joined(marks)))


def _joined(marks: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    begin, end = -1, -1
    for start, stop in marks:
        if start > end:
            if end > begin:
                yield begin, end
            begin = start
        end = max(end, stop)
    if end > begin:
        yield begin, end


def _token(piece: str) -> str:
    # No tokenizer of a database may split or fold it again.
    return "x" + "".join(f"{ord(character):05x}" for character in piece)


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if value and not _NO_WORD.fullmatch(value):
            yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _words(part)
    elif isinstance(value, list):
        for part in value:
            yield from _words(part)


def _word(value: object) -> str | None:
    return value[:64] if isinstance(value, str) and value else None


def _source(record: Record) -> str:
    source = record.data.get("source")
    kind = _word(source.get("kind")) if isinstance(source, dict) else None
    return kind or {"user": "person", "device": "device"}.get(record.by.partition(":")[0], "system")
