"""Canonical JSON (RFC 8785): writing it, and reading text that must be its own canonical form.

Reading has two paths with one result. The strict one parses, writes again with `rfc8785` and compares. The quick one
does the same with `orjson`, some twenty times as fast, and is believed only where both encoders are known to agree.
They differ in three things, and text that might hold one of them takes the strict path:

    whole numbers of 16 or more digits      RFC 8785 writes what a double holds
    exponents, and floats that end in .0    ECMAScript switches to exponents elsewhere and writes 1.0 as 1
    signs beyond U+FFFF                     RFC 8785 sorts names by UTF-16 code units, orjson by code points

So does whatever the quick path can't read or would write otherwise: every refusal is the strict path's.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

import orjson
import rfc8785
from pydantic import JsonValue

from ledger.errors import EntryError, NotCanonical

MAX_INTEGER = 2**53 - 1

# Within an object a number follows a colon, a comma or a bracket; within a string a match only costs time.
_NUMBERS_APART = rb"-?(?:[0-9]{16}|[0-9]+(?:\.[0-9]+)?[eE]|[0-9]+\.0[,\]}])"
_APART = re.compile(rb"[\xf0-\xff:,\[](?:(?<=[\xf0-\xff])|" + _NUMBERS_APART + rb")")


def canonical(value: JsonValue | Mapping[str, Any]) -> bytes:
    """Return the RFC 8785 form. Raises EntryError for what it can't write: NaN, ±∞, integers beyond 2⁵³ − 1."""
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, RecursionError, ValueError) as error:
        msg = f"not canonical JSON data: {error}"
        raise EntryError(msg) from error


def parse_canonical(text: bytes) -> JsonValue:
    """Read JSON that must be its own RFC 8785 form. Raises EntryError, NotCanonical."""
    value = _parse_quickly(text)
    # Canonical JSON that reads as None is `null`: the strict path reads it as well.
    return parse_canonical_strictly(text) if value is None else value


def parse_canonical_strictly(text: bytes) -> JsonValue:
    """Read as `parse_canonical` does, by the strict path alone. Raises EntryError, NotCanonical."""
    value = parse_json(text)
    if canonical(value) != text:
        msg = "JSON is not in its canonical form (RFC 8785)"
        raise NotCanonical(msg)
    return value


def parse_json(text: bytes) -> JsonValue:
    """Read JSON so that `canonical` would write its numbers back as they were. Raises EntryError."""
    try:
        value: JsonValue = json.loads(text.decode(), parse_int=_number)
    except (ValueError, RecursionError) as error:
        msg = f"not JSON: {error}"
        raise EntryError(msg) from error
    return value


def _parse_quickly(text: bytes) -> JsonValue:
    """Return what canonical text says, or None where the strict path must judge."""
    if text[:1] != b"{" or _APART.search(text):
        return None
    try:
        value: JsonValue = orjson.loads(text)
        return value if orjson.dumps(value, None, orjson.OPT_SORT_KEYS) == text else None
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None


def _number(digits: str) -> int | float:
    """Large whole floats are written without a point (RFC 8785), so they come back as digits."""
    number = int(digits)
    return number if abs(number) <= MAX_INTEGER else float(digits)
