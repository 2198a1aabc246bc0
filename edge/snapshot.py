"""Cameras that speak HTTP: a picture at each request (snapshot), or one long answer of pictures (MJPEG).

An HTTP address does not say which it is; the camera's answer does, by its content type. Passwords in the address are sent
as the camera asks for them: Basic, or Digest (RFC 7616), which most cameras want.
"""

import time

import httpx

from edge.address import Address, Kind, Way
from edge.clip_ring import Piece
from edge.errors import CameraAway
from edge.pixels import JpegPixels, Pixels
from edge.settings import Settings
from edge.video import Video, open_av, open_usb

MAX_SNAPSHOT_BYTES = 32 << 20
# A reader that waits for a snapshot's turn looks this often whether it is to stop, seconds.
NAP_S = 0.25
_UNAUTHORIZED = 401


def open_video(address: Address, settings: Settings) -> Video:
    """Open any live source.

    Raises:
        CameraAway: it does not answer, refuses, or shows no pictures.
    """
    kind = address.told_kind
    if kind is Kind.USB:
        return open_usb(address, settings)
    if kind is Kind.AUTO:
        kind = told_by_answer(address, settings)
        address = Address(address.source, kind, address.transport)
    if kind is Kind.SNAPSHOT:
        return SnapshotVideo(address, settings)
    return open_av(address, settings)


def told_by_answer(address: Address, settings: Settings) -> Kind:
    """Ask an HTTP camera what its address gives.

    Raises:
        CameraAway: it does not answer, refuses, or gives neither pictures nor a stream.
    """
    with SnapshotVideo(address, settings) as video:
        media_type = video.media_type()
    if media_type.startswith("multipart/"):
        return Kind.MJPEG
    if media_type.startswith("image/"):
        return Kind.SNAPSHOT
    if media_type.startswith(("video/", "application/")):
        return Kind.STREAM
    raise CameraAway(address.source, f"it answers {media_type or 'nothing'}, which is no picture")


class SnapshotVideo:
    """A camera that is asked for each picture, when it is due."""

    # Whatever it sends is whole.
    key_every_s: float | None = 0.0
    piece: Piece | None = None

    def __init__(self, address: Address, settings: Settings) -> None:
        self._source = address.source
        url = _url(address)
        self._url = url.copy_with(username=None, password=None)
        self._http = httpx.Client(
            timeout=httpx.Timeout(
                settings.camera_read_timeout_s, connect=settings.camera_open_timeout_s
            ),
            follow_redirects=True,
        )
        self._credentials = (url.username, url.password)
        if url.username:
            self._http.auth = httpx.BasicAuth(*self._credentials)
        self._pixels: Pixels | None = None
        self.trouble = ""

    def __enter__(self) -> "SnapshotVideo":
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def media_type(self) -> str:
        """Return what the address gives, without reading all of it.

        Raises:
            CameraAway: no answer, or a refusal.
        """
        return self._get(None)[0]

    def grab(self, way: Way, due_in_s: float) -> bool:  # noqa: ARG002  every picture is whole
        """Ask for a picture when it is due, else wait a little."""
        self._pixels = None
        if due_in_s > 0:
            time.sleep(min(due_in_s, NAP_S))
            return True
        try:
            media_type, data = self._get(MAX_SNAPSHOT_BYTES)
        except CameraAway as away:
            self.trouble = away.reason
            return False
        if not media_type.startswith("image/"):
            self.trouble = f"it answers {media_type or 'nothing'}, which is no picture"
            return False
        self._pixels = JpegPixels(data)
        return True

    def retrieve(self) -> Pixels | None:
        """Return the last picture."""
        return self._pixels

    def release(self) -> None:
        """Close the connection."""
        self._http.close()

    def _get(self, max_bytes: int | None) -> tuple[str, bytes]:
        """Return media type and body (of at most `max_bytes`; None: none of it)."""
        try:
            answer = self._answer(max_bytes)
            if answer[0] == _UNAUTHORIZED and self._switch_to_digest():
                answer = self._answer(max_bytes)
        except httpx.HTTPError as error:
            raise CameraAway(self._source, str(error) or type(error).__name__) from error
        status, media_type, body = answer
        if status >= httpx.codes.BAD_REQUEST:
            raise CameraAway(
                self._source,
                f"it answers {status} {httpx.codes.get_reason_phrase(status)}".rstrip(),
            )
        return media_type, body

    def _answer(self, max_bytes: int | None) -> tuple[int, str, bytes]:
        with self._http.stream("GET", self._url) as answer:
            media_type = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            body = bytearray()
            if max_bytes is not None and answer.is_success:
                for part in answer.iter_bytes():
                    body += part
                    if len(body) > max_bytes:
                        raise CameraAway(self._source, f"its picture is above {max_bytes} bytes")
            return answer.status_code, media_type, bytes(body)

    def _switch_to_digest(self) -> bool:
        """Answer a refusal by Digest once; a camera that refuses that too has another password."""
        if not self._credentials[0] or isinstance(self._http.auth, httpx.DigestAuth):
            return False
        self._http.auth = httpx.DigestAuth(*self._credentials)
        return True


def _url(address: Address) -> httpx.URL:
    try:
        return httpx.URL(address.source)
    except httpx.InvalidURL as error:
        raise CameraAway(address.source, str(error)) from error
