"""What bytes are is told from the bytes."""

import cv2
import numpy as np
import pytest

from inspection.errors import EvidenceEmpty, EvidenceTypeRefused
from inspection.evidence import sniff_media_type

IMAGE = np.zeros((8, 8, 3), np.uint8)


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (cv2.imencode(".jpg", IMAGE)[1].tobytes(), "image/jpeg"),
        (cv2.imencode(".png", IMAGE)[1].tobytes(), "image/png"),
        (cv2.imencode(".webp", IMAGE)[1].tobytes(), "image/webp"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "image/heic"),
        (b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1heic", "image/heic"),
        (b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41", "video/mp4"),
    ],
)
def test_pictures_and_clips_are_known(head: bytes, media_type: str) -> None:
    """By their first 32 bytes."""
    assert sniff_media_type(head[:32]) == media_type


@pytest.mark.parametrize("head", [b"text", b"%PDF-1.7", b"RIFF\x00\x00\x00\x00WAVE", b"<svg>"])
def test_others_are_refused(head: bytes) -> None:
    """Whatever their name says."""
    with pytest.raises(EvidenceTypeRefused, match="JPEG"):
        sniff_media_type(head)


def test_nothing_is_empty() -> None:
    """0 bytes have an error of their own."""
    with pytest.raises(EvidenceEmpty):
        sniff_media_type(b"")
