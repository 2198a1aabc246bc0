"""Refusals about evidence, and faults of where it is kept."""

from inspection.errors.base import InspectionError, NotFound, Refused


class EvidenceErased(NotFound):
    """The bytes were there and were erased; they are neither shown nor taken again."""

    def __init__(self, sha256: str) -> None:
        super().__init__("evidence", sha256)
        self.args = (f"evidence {sha256} was erased; it is neither shown nor taken again",)


class EvidenceMissing(Refused):
    """An evidence that is named was not uploaded for this enterprise."""

    def __init__(self, sha256: str) -> None:
        self.sha256 = sha256
        super().__init__(f"evidence {sha256} is not there; upload it first, then send this again")


class EvidenceRefused(Refused):
    """Bytes that are not taken as evidence; nothing of them was kept."""


class EvidenceEmpty(EvidenceRefused):
    """No byte came."""

    def __init__(self) -> None:
        super().__init__("the file is empty (0 bytes); take the photo again or choose another file")


class EvidenceTooLarge(EvidenceRefused):
    """More bytes than the server takes."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(f"the file is larger than {limit} bytes, the most that is taken")


class EvidenceHashMismatch(EvidenceRefused):
    """The bytes do not hash to their name."""

    def __init__(self, expected: str, actual: str) -> None:
        self.expected, self.actual = expected, actual
        super().__init__(f"the bytes hash to {actual}, not to {expected}; upload the file again")


class EvidenceTypeRefused(EvidenceRefused):
    """The bytes are neither a picture nor a clip that is taken."""

    def __init__(self) -> None:
        super().__init__("the bytes are not a JPEG, PNG, WebP or HEIC picture, nor an MP4 clip")


class PartOutOfOrder(EvidenceRefused):
    """A part does not begin where the received bytes end."""

    def __init__(self, expected: int, actual: int) -> None:
        self.expected, self.actual = expected, actual
        super().__init__(
            f"the part begins at byte {actual}, but {expected} bytes were received; go on from there"
        )


class StorageError(InspectionError):
    """The server could not keep or read bytes; nothing is half-written, and trying later helps."""


class StorageFull(StorageError):
    """No room is left."""

    def __init__(self) -> None:
        super().__init__("the server has no room left for evidence; free some and try again")


class EvidenceQuotaReached(StorageError):
    """An enterprise keeps as many bytes of evidence as the operator lets it."""

    def __init__(self, used: int, size: int, quota: int) -> None:
        self.used, self.size, self.quota = used, size, quota
        super().__init__(
            f"this enterprise keeps {used} of {quota} bytes of evidence, and {size} more do not fit; nothing of it was kept. Erase what "
            "its retention allows, or have whoever runs the server raise ANXUN_EVIDENCE_QUOTA_BYTES; then send it again"
        )


class StorageLocked(StorageError):
    """The store refuses to delete: object lock, a retention or a legal hold of the bucket."""

    def __init__(self, sha256: str, why: str) -> None:
        super().__init__(
            f"the evidence store refuses to delete {sha256}: {why}. Its bucket locks objects; the bytes go when the "
            "lock ends or its owner lifts it, and this is tried again until then"
        )


class StorageUnavailable(StorageError):
    """The evidence store does not answer, or has lost an object that it should hold."""
