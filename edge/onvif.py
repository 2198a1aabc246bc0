"""What an ONVIF camera says of its streams: four requests of SOAP 1.2 (ONVIF core and media specification, ver10).

Signed by WS-Security's username token with a digest (OASIS UsernameToken profile 1.0): base64(SHA-1(nonce + created + password)),
`created` by the camera's own clock, which is asked first. A camera that wants HTTP's Digest as well is answered so.
"""

import hashlib
import os
from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlsplit, urlunsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import httpx

from edge.discovery import parsed
from edge.errors import CameraAway
from inspection.wire import utc_now

DEVICE, MEDIA = "http://www.onvif.org/ver10/device/wsdl", "http://www.onvif.org/ver10/media/wsdl"
SCHEMA = "http://www.onvif.org/ver10/schema"
TT, TRT = f"{{{SCHEMA}}}", f"{{{MEDIA}}}"
MAX_BYTES = 2 << 20
TIMEOUT_S = 5.0
_WSS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss"
ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope">'
    "<s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
)
TOKEN = (
    f'<w:Security s:mustUnderstand="1" xmlns:w="{_WSS}-wssecurity-secext-1.0.xsd" xmlns:u="{_WSS}-wssecurity-utility-1.0.xsd">'
    '<w:UsernameToken><w:Username>{user}</w:Username><w:Password Type="'
    'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest">{digest}</w:Password>'
    '<w:Nonce EncodingType="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary">'
    "{nonce}</w:Nonce><u:Created>{created}</u:Created></w:UsernameToken></w:Security>"
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Of an ONVIF user of the camera."""

    user: str
    password: str

    def token(self, now: datetime) -> str:
        """Return the header that shows that we know the password; each has its own nonce."""
        nonce, created = os.urandom(16), now.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        secret = nonce + created.encode() + self.password.encode()
        # SHA-1 is what the standard names.
        digest = b64encode(hashlib.sha1(secret).digest()).decode()  # noqa: S324
        return TOKEN.format(
            user=escape(self.user), digest=digest, nonce=b64encode(nonce).decode(), created=created
        )


@dataclass(frozen=True, slots=True)
class StreamProfile:
    """One stream of a camera. Addresses hold no password; `snapshot` is empty where it has none. Size in pixels, 0: unsaid."""

    name: str
    codec: str
    size_wh: tuple[int, int]
    stream: str
    snapshot: str


class OnvifCamera:
    """A camera's services. Not shared between threads."""

    def __init__(self, service: str, credentials: Credentials | None) -> None:
        self._service, self._credentials = service, credentials
        auth = httpx.DigestAuth(credentials.user, credentials.password) if credentials else None
        self._http = httpx.Client(timeout=TIMEOUT_S, auth=auth)
        self._ahead = timedelta()

    def __enter__(self) -> "OnvifCamera":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def profiles(self) -> list[StreamProfile]:
        """Return its streams, its main one first, as it lists them.

        Raises:
            CameraAway: no answer, a refusal (such as a wrong password), or no streams.
        """
        self._ahead = self._clock_ahead()
        media = self._media_service()
        listed = self._ask(media, f'<GetProfiles xmlns="{MEDIA}"/>')
        found = [self._profile(media, each) for each in listed.iter(f"{TRT}Profiles")]
        if not found:
            raise CameraAway(self._service, "it lists no stream")
        return found

    def _clock_ahead(self) -> timedelta:
        """Return how far its clock is ahead of ours: a token of another time is refused. Nothing where it does not say."""
        try:
            said = self._ask(
                self._service, f'<GetSystemDateAndTime xmlns="{DEVICE}"/>', signs=False
            )
        except CameraAway as away:
            if "HTTP" in away.reason or "Fault" in away.reason:
                return timedelta()
            raise
        utc = said.find(f".//{TT}UTCDateTime")
        try:
            parts = [
                int((utc.findtext(f"{TT}{group}/{TT}{name}") or "") if utc is not None else "")
                for group, name in (
                    ("Date", "Year"), ("Date", "Month"), ("Date", "Day"),
                    ("Time", "Hour"), ("Time", "Minute"), ("Time", "Second"),
                )
            ]  # fmt: skip
            return datetime(*parts, tzinfo=UTC) - utc_now()  # type: ignore[misc, arg-type]
        except ValueError:
            return timedelta()

    def _media_service(self) -> str:
        body = f'<GetCapabilities xmlns="{DEVICE}"><Category>Media</Category></GetCapabilities>'
        said = self._ask(self._service, body)
        told = (said.findtext(f".//{TT}Media/{TT}XAddr") or "").strip()
        if not told:
            raise CameraAway(self._service, "it says no media service")
        # Behind a router it tells an address of its own network: the one that answered is the one that works.
        here, there = urlsplit(self._service), urlsplit(told)
        return urlunsplit((here.scheme, here.netloc, there.path, there.query, ""))

    def _profile(self, media: str, listed: ElementTree.Element) -> StreamProfile:
        token = escape(listed.get("token", ""))
        encoder = f"{TT}VideoEncoderConfiguration"
        width = listed.findtext(f"{encoder}/{TT}Resolution/{TT}Width") or ""
        height = listed.findtext(f"{encoder}/{TT}Resolution/{TT}Height") or ""
        stream = self._ask(
            media,
            f'<GetStreamUri xmlns="{MEDIA}"><StreamSetup><Stream xmlns="{SCHEMA}">RTP-Unicast</Stream>'
            f'<Transport xmlns="{SCHEMA}"><Protocol>RTSP</Protocol></Transport></StreamSetup>'
            f"<ProfileToken>{token}</ProfileToken></GetStreamUri>",
        )
        return StreamProfile(
            listed.findtext(f"{TT}Name") or token,
            listed.findtext(f"{encoder}/{TT}Encoding") or "",
            (int(width) if width.isdigit() else 0, int(height) if height.isdigit() else 0),
            _uri(stream),
            self._snapshot(media, token),
        )

    def _snapshot(self, media: str, token: str) -> str:
        """Return where its pictures are; many cameras have none, and answer with a fault."""
        body = (
            f'<GetSnapshotUri xmlns="{MEDIA}"><ProfileToken>{token}</ProfileToken></GetSnapshotUri>'
        )
        try:
            return _uri(self._ask(media, body))
        except CameraAway:
            return ""

    def _ask(self, service: str, body: str, *, signs: bool = True) -> ElementTree.Element:
        header = ""
        if signs and self._credentials is not None:
            header = self._credentials.token(utc_now() + self._ahead)
        try:
            answer = self._http.post(
                service,
                content=ENVELOPE.format(header=header, body=body).encode(),
                headers={"Content-Type": "application/soap+xml; charset=utf-8"},
            )
        except httpx.HTTPError as error:
            raise CameraAway(service, str(error) or type(error).__name__) from error
        if len(answer.content) > MAX_BYTES:
            raise CameraAway(service, f"its answer is above {MAX_BYTES} bytes")
        try:
            root = parsed(answer.content)
        except ValueError as error:
            raise CameraAway(service, f"HTTP {answer.status_code}: {error}") from error
        fault = next((each for each in root.iter() if each.tag.endswith("}Fault")), None)
        if fault is not None or not answer.is_success:
            said = " ".join("".join(root.itertext()).split())[:200]
            raise CameraAway(service, f"Fault, HTTP {answer.status_code}: {said}")
        return root


def _uri(answer: ElementTree.Element) -> str:
    return (answer.findtext(f".//{TT}Uri") or "").strip()


def with_credentials(address: str, user: str, password: str) -> str:
    """Return an address with a user and what stands for the password, put in as it is; one that has a user keeps it."""
    parts = urlsplit(address)
    if "@" in parts.netloc or not parts.netloc:
        return address
    place = f"{quote(user, safe='')}:{password}@{parts.netloc}"
    return urlunsplit((parts.scheme, place, parts.path, parts.query, parts.fragment))
