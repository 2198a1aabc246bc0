"""A HEIC is decoded in a process of its own: its death is a named error."""

import sys
from pathlib import Path

import numpy as np
import pytest

from models import heic
from models.errors import TooManyPixels, UndecodablePicture
from models.pictures import decode_picture

PHOTO = Path(__file__).resolve().parents[2] / "assets" / "phone.heic"


def test_pixels_stay_when_the_decoder_is_gone() -> None:
    """What one call returned is not touched by those after it."""
    first = decode_picture(PHOTO.read_bytes()).image_bgr
    kept = first.copy()
    for _ in range(3):
        np.testing.assert_array_equal(decode_picture(PHOTO.read_bytes()).image_bgr, first)
    np.testing.assert_array_equal(first, kept)
    assert first.flags.writeable


def test_too_many_pixels_are_refused_before_decoding() -> None:
    """The header's size is enough to refuse."""
    with pytest.raises(TooManyPixels):
        heic.decode_heic(PHOTO.read_bytes(), 100)


def test_what_the_decoder_refuses_is_named() -> None:
    """A file that only looks like a HEIC."""
    with pytest.raises(UndecodablePicture, match="image/heic"):
        heic.decode_heic(b"\0\0\0\x18ftypheic" + bytes(12), 10_000)


def test_a_dying_decoder_ends_nothing_but_itself(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An interpreter that dies at once stands for libheif's crash on a damaged file."""
    dying = tmp_path / "python"
    dying.write_text("#!/bin/sh\nkill -SEGV $$\n", encoding="utf-8")
    dying.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(dying))
    with pytest.raises(UndecodablePicture, match="died"):
        heic.decode_heic(PHOTO.read_bytes(), 1_000_000)


def test_a_hanging_decoder_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """No photo holds a worker for ever."""
    monkeypatch.setattr(heic, "TIMEOUT_S", 0.001)
    with pytest.raises(UndecodablePicture, match="longer"):
        heic.decode_heic(PHOTO.read_bytes(), 1_000_000)
