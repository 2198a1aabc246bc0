"""Keys as they are written, and answers as they are sealed."""

import pytest
from fastapi import Request, Response
from hypothesis import given
from hypothesis import strategies as st

from api.errors import AnswerNotKept, MalformedHeader
from api.idempotency import KEY_HEADER, REPLAYED_HEADER, opened, read_key, sealed_answer

PRINTABLE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=100)


def asking(*values: str) -> Request:
    """Return a request with these keys."""
    name = KEY_HEADER.lower().encode()
    headers = [(name, value.encode("latin-1")) for value in values]
    return Request({"type": "http", "method": "POST", "path": "/", "headers": headers})


@given(PRINTABLE)
def test_a_quoted_string_is_what_it_says(key: str) -> None:
    """As RFC 9651 writes it, with quotes and backslashes escaped."""
    quoted = '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'
    assert read_key(asking(quoted)) == key


@given(PRINTABLE.filter(lambda key: not (key.startswith('"') and key.endswith('"'))))
def test_a_bare_key_is_taken_as_it_is(key: str) -> None:
    """Most clients do not quote."""
    assert read_key(asking(key)) == key


@given(st.text(st.characters(max_codepoint=0xFF), max_size=300))
def test_any_other_key_is_refused(key: str) -> None:
    """Printable ASCII of 1 to 255 characters, or no key."""
    if 1 <= len(key) <= 255 and all(" " <= each <= "~" for each in key):
        assert read_key(asking(key)) is not None
        return
    with pytest.raises(MalformedHeader):
        read_key(asking(key))


def test_no_key_is_none() -> None:
    """A request without one is done as ever."""
    assert read_key(asking()) is None


@given(
    body=st.binary(max_size=200),
    status=st.sampled_from([200, 201, 202, 204]),
    material=st.binary(min_size=1, max_size=50),
)
def test_what_is_sealed_opens_alike(body: bytes, status: int, material: bytes) -> None:
    """Status, body and headers come back, several of one name too; the length is the body's."""
    answer = Response(body, status_code=status, media_type="application/json")
    answer.headers.append("Set-Cookie", "a=1")
    answer.headers.append("Set-Cookie", "b=2")
    again = opened(sealed_answer(answer, body, material), material)
    assert (again.status_code, again.body) == (status, body)
    expected = sorted([*answer.raw_headers, (REPLAYED_HEADER.lower().encode(), b"true")])
    assert sorted(again.raw_headers) == expected


@given(material=st.binary(min_size=1, max_size=50), other=st.binary(min_size=1, max_size=50))
def test_another_key_opens_nothing(material: bytes, other: bytes) -> None:
    """Nor does a changed byte."""
    sealed = sealed_answer(Response(b"secret"), b"secret", material)
    if other != material:
        with pytest.raises(AnswerNotKept):
            opened(sealed, other)
    with pytest.raises(AnswerNotKept):
        opened(sealed[:-1] + bytes([sealed[-1] ^ 1]), material)
