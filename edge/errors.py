"""What can go wrong at the edge: each error is a fact with its own message in Chinese and English.

EdgeError
├── SetupError             nothing was started; mend the input and run again          exit 3
│   ├── FolderMissing      the patrol folder is not there
│   ├── ZonesInvalid       the zones file
│   ├── HazardInvalid      a hazard code that a picture cannot show, or that nobody knows
│   ├── HazardOff          a hazard that rests on an experimental label which is not switched on
│   ├── CameraRefused      a camera asks for one of these
│   ├── LabelInvalid       an experimental label to switch on that the model has not
│   ├── ModelUnusable      the model file, or the model's own error
│   ├── ChoiceStale        doctor's choice is of another model, machine or engine
│   ├── SourceInvalid      a video file that is not there or holds no picture
│   ├── CamerasInvalid     the file of cameras
│   ├── NeighboursInvalid  the file of neighbours, or what it needs is not installed
│   ├── DiscoveryFailed    nobody can be asked for cameras
│   ├── ServiceFailed      the files of the service cannot be installed
│   └── PageUnavailable    the local page cannot listen                               (ends no run)
├── NotEnrolled            this state folder has no device identity                   exit 4
├── StateBusy              another process works on this state folder                 exit 5
├── DiskFull               nothing half-written is left; the run resumes later        exit 6
│   └── BudgetUsedUp       of photos, which stay in their folder: nothing that waits can give way
├── KeyUnusable            the key of this box cannot be read or made                 exit 6
├── OutboxUnusable         the outbox's database is damaged or not writable           exit 6
├── Refused                the server answered, and said no                           exit 7
│   ├── DeviceRevoked      401: the token is no longer accepted; all findings are kept
│   ├── SignatureRefused   the server has another key of this device: all findings are kept
│   ├── EnrolmentRefused   the code is wrong, used or expired
│   └── OtherEnterprise    the code belongs to another enterprise than this folder
├── ServerAway             no answer, or one that says "later": retried               exit 8
├── CameraAway             a camera does not answer or shows nothing: retried          (ends no run)
├── TellingRefused         a neighbour tells what cannot be kept                       (ends no run)
└── EvidenceDamaged        a kept file no longer hashes to its name
"""

from pathlib import Path
from typing import ClassVar

from edge.address import shown
from edge.messages import Language, say


class EdgeError(Exception):
    """Base: `key` names the message, `facts` fill it."""

    key: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1

    def __init__(self, **facts: object) -> None:
        super().__init__(facts)
        self.facts = facts

    def say(self, lang: Language) -> str:
        """Return the message in a language."""
        return say(lang, self.key, **self.facts)

    def __str__(self) -> str:
        return self.say("en")


class SetupError(EdgeError):
    """An input is wrong; nothing was started."""

    exit_code = 3


class FolderMissing(SetupError):
    """The patrol folder is not there."""

    key = "folder_missing"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder=folder)


class ZonesInvalid(SetupError):
    """The zones file cannot be used."""

    key = "zones_invalid"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path=path, reason=reason)


class HazardInvalid(SetupError):
    """A hazard code that is unknown or that no picture shows."""

    key = "hazard_invalid"

    def __init__(self, code: str, known: str) -> None:
        super().__init__(code=code, known=known)


class HazardOff(SetupError):
    """A hazard was asked for that rests on an experimental label, and that label is off."""

    key = "hazard_off"

    def __init__(self, code: str, label: str) -> None:
        super().__init__(code=code, label=label)


class CameraRefused(SetupError):
    """A camera of a file asks for what cannot be looked for."""

    key = "camera_refused"

    def __init__(self, camera: str, cause: SetupError) -> None:
        super().__init__(camera=camera, cause=cause)
        self._camera, self._cause = camera, cause

    def say(self, lang: Language) -> str:
        """Return the message in a language, its cause too."""
        return say(lang, self.key, camera=self._camera, cause=self._cause.say(lang))


class LabelInvalid(SetupError):
    """A label to switch on that the model has not."""

    key = "label_invalid"

    def __init__(self, label: str, known: str) -> None:
        super().__init__(label=label, known=known)


class ModelUnusable(SetupError):
    """The model cannot be loaded."""

    key = "model_unusable"

    def __init__(self, reason: str) -> None:
        super().__init__(reason=reason)


class ChoiceStale(SetupError):
    """What doctor picked was timed with another model, on another machine or with other engines."""

    key = "choice_stale"

    def __init__(self, changes: str) -> None:
        super().__init__(changes=changes)


class SourceInvalid(SetupError):
    """The picture source cannot be used."""

    key = "source_invalid"

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(source=source, reason=reason)


class CamerasInvalid(SetupError):
    """The file of cameras cannot be used."""

    key = "cameras_invalid"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path=path, reason=reason)


class NeighboursInvalid(SetupError):
    """The file of neighbours cannot be used."""

    key = "neighbours_invalid"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path=path, reason=reason)


class DiscoveryFailed(SetupError):
    """Nobody can be asked for cameras: no network, or no such host."""

    key = "discovery_failed"

    def __init__(self, reason: str) -> None:
        super().__init__(reason=reason)


class ServiceFailed(SetupError):
    """The service cannot be installed."""

    key = "service_failed"

    def __init__(self, reason: str) -> None:
        super().__init__(reason=reason)


class PageUnavailable(SetupError):
    """The local page cannot listen where it was told to."""

    key = "page_unavailable"

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(host=host, port=port, reason=reason)


class NotEnrolled(EdgeError):
    """No device identity in the state folder."""

    key = "not_enrolled"
    exit_code = 4

    def __init__(self, data_dir: Path) -> None:
        super().__init__(data_dir=data_dir)


class StateBusy(EdgeError):
    """Another process holds the lock."""

    key = "state_busy"
    exit_code = 5

    def __init__(self, work: str, data_dir: Path, pid: str) -> None:
        super().__init__(work=work, data_dir=data_dir, pid=pid)


class DiskFull(EdgeError):
    """No space left; what was being written was undone."""

    key = "disk_full"
    exit_code = 6

    def __init__(self, folder: Path) -> None:
        super().__init__(folder=folder)


class BudgetUsedUp(DiskFull):
    """What waits for delivery has used up its budget, and nothing of it can give way."""

    key = "budget_used_up"


class OutboxUnusable(EdgeError):
    """The outbox's database refuses to work."""

    key = "outbox_unusable"
    exit_code = 6

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(folder=folder, reason=reason)


class KeyUnusable(EdgeError):
    """The key that this box signs with."""

    key = "key_unusable"
    exit_code = 6

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path=path, reason=reason)


class Refused(EdgeError):
    """The server understood and refused; trying again as is would not help."""

    key = "refused"
    exit_code = 7

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(status=status, code=code, detail=detail)
        self.status = status
        self.code = code
        self.detail = detail


class DeviceRevoked(Refused):
    """The server no longer accepts this device's token."""

    key = "device_revoked"


class SignatureRefused(Refused):
    """The server has another key of this device, or none where it should."""

    key = "signature_refused"


class EnrolmentRefused(Refused):
    """The enrolment code is wrong, used or expired."""

    key = "enrolment_refused"


class OtherEnterprise(EdgeError):
    """The state folder belongs to one enterprise, the code to another."""

    key = "other_enterprise"
    exit_code = 7

    def __init__(self, mine: str, theirs: str) -> None:
        super().__init__(mine=mine, theirs=theirs)


class ServerAway(EdgeError):
    """No answer, or one that says to come back later."""

    key = "server_away"
    exit_code = 8

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(url=url, reason=reason)


class CameraAway(EdgeError):
    """A camera does not answer, refuses, or shows nothing. The source is said without its password."""

    key = "camera_away"

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(source=shown(source), reason=reason)
        self.reason = reason


class TellingRefused(EdgeError):
    """What a neighbour tells has no picture, or is not as it should be."""

    key = "telling_refused"

    def __init__(self, reason: str) -> None:
        super().__init__(reason=reason)
        self.reason = reason


class EvidenceDamaged(EdgeError):
    """A kept file is gone or no longer hashes to its name."""

    key = "evidence_damaged"

    def __init__(self, sha256: str, reason: str) -> None:
        super().__init__(sha256=sha256, reason=reason)
