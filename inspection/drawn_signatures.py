"""Signatures drawn on a screen: small PNG pictures, kept as evidence, on which something was drawn."""

from uuid import UUID

import numpy as np
from sqlmodel import Session

from inspection.errors import EvidenceMissing, InvalidInput
from inspection.evidence import EvidenceStore, evidence_row
from inspection.tables import Evidence
from models.errors import PictureError
from models.pictures import decode_picture

MAX_BYTES = 1 << 20
_DARK = 128
# A dot is no signature, and neither is a black picture.
_LEAST_SHARE, _MOST_SHARE = 0.0004, 0.6


def require_signature(
    session: Session, store: EvidenceStore, enterprise_id: UUID, sha256: str
) -> Evidence:
    """Return the evidence of a drawn signature.

    Raises `EvidenceMissing`; `InvalidInput` for what is no PNG, too large, unreadable, empty or all dark.
    """
    row = evidence_row(session, enterprise_id, sha256)
    if row is None:
        raise EvidenceMissing(sha256)
    if row.media_type != "image/png" or row.size > MAX_BYTES:
        raise InvalidInput(f"a signature is a PNG picture of at most {MAX_BYTES} bytes")
    with store.open(sha256) as source:
        data = source.read()
    try:
        image = decode_picture(data).image_bgr
    except PictureError as error:
        raise InvalidInput(f"the signature's picture cannot be read: {error}") from None
    share = float(np.mean(image.mean(axis=2) < _DARK))
    if not _LEAST_SHARE <= share <= _MOST_SHARE:
        raise InvalidInput("nothing was drawn on the signature's picture; sign again")
    return row
