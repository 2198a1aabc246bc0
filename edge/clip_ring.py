"""The last seconds of a camera, as it sent them: compressed packets or JPEGs, so that they cost memory and nothing else."""

import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Codec(StrEnum):
    """How a piece is compressed."""

    H264 = "h264"
    HEVC = "hevc"
    JPEG = "jpeg"


@dataclass(frozen=True, slots=True)
class Piece:
    """A packet (Annex B) or a picture; `at_s` is when it came, on a clock that never jumps back."""

    codec: Codec
    data: bytes
    at_s: float
    is_key: bool = True


class ClipRing:
    """Pieces of the last `seconds`, at most `max_bytes`. Written by the camera's thread, read by another."""

    def __init__(self, seconds: float, max_bytes: int) -> None:
        self._seconds, self._max_bytes = seconds, max_bytes
        self._lock = threading.Lock()
        self._pieces: deque[Piece] = deque()
        self._bytes = 0

    def add(self, piece: Piece) -> None:
        """Take a piece; what is older than the ring is long goes, and everything where the codec changed."""
        with self._lock:
            if self._pieces and self._pieces[-1].codec is not piece.codec:
                self._pieces.clear()
                self._bytes = 0
            self._pieces.append(piece)
            self._bytes += len(piece.data)
            while self._pieces and (
                piece.at_s - self._pieces[0].at_s > self._seconds or self._bytes > self._max_bytes
            ):
                self._bytes -= len(self._pieces.popleft().data)

    def clear(self) -> None:
        """Forget all: the source was opened anew."""
        with self._lock:
            self._pieces.clear()
            self._bytes = 0

    def between(self, from_s: float, to_s: float) -> list[Piece]:
        """Return the pieces of a span, begun at the last key piece before it, or at the first one in it."""
        with self._lock:
            pieces = [piece for piece in self._pieces if piece.at_s <= to_s]
        first = None
        for number, piece in enumerate(pieces):
            if piece.is_key and (piece.at_s <= from_s or first is None):
                first = number
        return [] if first is None else pieces[first:]

    def __iter__(self) -> Iterator[Piece]:
        with self._lock:
            return iter(list(self._pieces))
