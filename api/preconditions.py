"""Nobody overwrites in silence what somebody else changed: `If-Match` names the state that was read (RFC 9110, 13.1.1).

1 whoever reads a thing is told its tag: `etag` in its view, and the header `ETag` where the answer is that thing alone
2 whoever changes it sends the tag as `If-Match` (`WhatWasRead`)
3 in the transaction of the change, once it is locked, its tag is made again from what is there (`require`)
4 none sent is 428, another one 412, and nothing is written; `*` says that any state will do

A tag is a hash of just those facts that the change would overwrite: what else happens to the thing makes no change stale.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Request

from api.errors import ChangedMeanwhile, MalformedHeader, PreconditionMissing
from api.problems import remote_of

ANY = "*"
_TAG = r'(?:W/)?"[!#-~]*"'
_TAGS = re.compile(rf"{_TAG}(?:\s*,\s*{_TAG})*")
_READ = re.compile(r'(W/)?"([!#-~]*)"')


def tag_of(*facts: object) -> str:
    """Return the tag, without quotes, of what these facts say; each is told by its text."""
    text = json.dumps([None if fact is None else str(fact) for fact in facts], ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def quoted(tag: str) -> str:
    """Return a tag as the header `ETag` has it."""
    return f'"{tag}"'


@dataclass(frozen=True)
class WhatWasRead:
    """The tags of the states that the caller had read; None when they did not say."""

    tags: frozenset[str] | None

    @classmethod
    def from_header(cls, value: str | None) -> "WhatWasRead":
        """Return what an `If-Match` says. A weak tag names no state. Raises `MalformedHeader`."""
        if value is None:
            return cls(None)
        text = value.strip()
        if text == ANY:
            return cls(frozenset({ANY}))
        if not _TAGS.fullmatch(text):
            raise MalformedHeader(
                'If-Match is the etag that was read, in quotes, such as "5f2b", or *'
            )
        return cls(frozenset(tag for weak, tag in _READ.findall(text) if not weak))

    def require(self, current: str, thing: str) -> None:
        """Let a change go on that was decided on the present state. Raises `PreconditionMissing`, `ChangedMeanwhile`."""
        if self.tags is None:
            raise PreconditionMissing(
                f"read {thing} first and send its etag as If-Match, so that nobody's change is overwritten unseen"
            )
        if ANY not in self.tags and current not in self.tags:
            raise ChangedMeanwhile(
                f"{thing} was changed since it was read; read it again and decide anew"
            )


async def what_was_read(
    if_match: Annotated[
        str | None,
        Header(
            description="`etag` of the state that was read, in quotes; `*`: whatever it is",
            examples=['"5f2b8c0d1e3a4967"'],
        ),
    ] = None,
) -> WhatWasRead:
    """Return which state the caller had read. Raises `MalformedHeader`."""
    return WhatWasRead.from_header(if_match)


Read = Annotated[WhatWasRead, Depends(what_was_read)]


@dataclass(frozen=True)
class ReadAt:
    """Which state the caller had read, and their address."""

    read: WhatWasRead
    remote: str


async def read_at(read: Read, request: Request) -> ReadAt:
    """Return both, for a route that already asks for much."""
    return ReadAt(read, remote_of(request))


ReadFrom = Annotated[ReadAt, Depends(read_at)]
