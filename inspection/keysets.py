"""Pages of lists that are made in the program, such as people by name or what is asked for: sorted here, cut by key.

Like the pages of tables (`queries.page_of`), they neither skip nor repeat a row when others come in between.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Iterable
from typing import TypeVar

from inspection.errors import InvalidCursor
from inspection.queries import MAX_LIMIT, Page, Paging

Row = TypeVar("Row")
Part = str | int
Key = tuple[Part, ...]


def page_of_rows(rows: Iterable[Row], key_of: Callable[[Row], Key], paging: Paging) -> Page[Row]:
    """Return the page of the rows that follow the cursor, the smallest key first. No two rows have the same key.

    Raises `InvalidCursor`.
    """
    limit = min(max(paging.limit, 1), MAX_LIMIT)
    ordered = sorted(rows, key=key_of)
    if paging.cursor is not None:
        after = read_key(paging.cursor)
        try:
            ordered = [row for row in ordered if key_of(row) > after]
        except TypeError:
            # A cursor of another list, whose key has other parts.
            raise InvalidCursor from None
    shown = ordered[:limit]
    return Page(shown, write_key(key_of(shown[-1])) if len(ordered) > limit else None)


def write_key(key: Key) -> str:
    """Return a key as a cursor."""
    text = json.dumps(key, ensure_ascii=False, separators=(",", ":"))
    return urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def read_key(cursor: str) -> Key:
    """Return the key that a cursor holds. Raises `InvalidCursor`."""
    try:
        parts = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (Base64Error, ValueError):
        raise InvalidCursor from None
    is_key = isinstance(parts, list) and all(type(part) in (str, int) for part in parts)
    if not is_key:
        raise InvalidCursor
    return tuple(parts)
