"""HTTP to addresses that others chose, without lending them this machine's place in the network (SSRF).

1 the name is resolved once, here, at the moment of connecting
2 every address that it has must be one of the public internet, or be allowed by the operator; else nothing is sent
3 the connection is made to the address that was checked, so that no second answer of the name server counts
4 TLS still asks for the certificate of the name
5 a redirect is an answer like any other: it is not followed
6 the whole exchange has a deadline, and an answer a largest size, however slowly it comes

`AddressRefused` names the host; the number that it leads to is in the server's log alone.
"""

import logging
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

import httpcore

LOG = logging.getLogger(__name__)
IpAddress = IPv4Address | IPv6Address
# Beyond what Python 3.11 calls global: a cloud's own services, and blocks for special use (IANA's registries).
_SPECIAL = tuple(
    map(
        ip_network,
        (
            "168.63.129.16/32",
            "192.0.0.0/24",
            "192.88.99.0/24",
            "64:ff9b:1::/48",
            "2001::/23",
            "5f00::/16",
        ),
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")
MAX_ANSWER_BYTES = 64 * 1024
Resolve = Callable[[str, int], Sequence[str]]


class AddressRefused(Exception):
    """The address leads where this server sends nothing."""


class Unreachable(Exception):
    """No answer came, or none that could be read."""


@dataclass(frozen=True)
class Answer:
    """What came back: the status, at most `MAX_ANSWER_BYTES` of the body, headers by lower-case name."""

    status: int
    body: bytes
    headers: Mapping[str, str]


def resolve_name(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a host. Raises `OSError`."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


@dataclass(frozen=True)
class Reach:
    """Where may be sent to. `allowed` are host names, addresses and networks of the operator's own gateways."""

    allowed: frozenset[str] = frozenset()
    connect_timeout_s: float = 10.0
    total_s: float = 20.0
    resolve: Resolve = resolve_name
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)

    def check_url(self, url: str) -> str:
        """Return the host of an address that may be tried. Raises `AddressRefused` for what is wrong in its very form."""
        try:
            parts = urlsplit(url)
            host, _ = (parts.hostname or "").lower(), parts.port
        except ValueError as error:
            raise AddressRefused(f"this is no address: {error}") from error
        if not host or parts.username is not None or parts.fragment or not url.isascii():
            raise AddressRefused(
                "an address is https://HOST/PATH, without a password or a fragment"
            )
        if any(character <= " " for character in url):
            raise AddressRefused("an address has no spaces")
        if parts.scheme != "https" and not (parts.scheme == "http" and self._is_in_house(host)):
            raise AddressRefused("an address begins with https://")
        if _is_literal(host):
            self._require(host, host)
        return host

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send a body and return the answer. Raises `AddressRefused`, `Unreachable`."""
        self.check_url(url)
        ends = time.monotonic() + self.total_s
        backend = _CheckedBackend(self, ends)
        timeout = dict.fromkeys(("connect", "read", "write", "pool"), self.connect_timeout_s)
        try:
            with (
                httpcore.ConnectionPool(ssl_context=self.tls, network_backend=backend) as pool,
                pool.stream(
                    "POST",
                    url,
                    headers=list(headers.items()),
                    content=body,
                    extensions={"timeout": timeout},
                ) as response,
            ):
                return Answer(
                    response.status, _beginning(response.iter_stream()), _headers(response)
                )
        except (httpcore.TimeoutException, TimeoutError) as error:
            raise Unreachable("it did not answer in time") from error
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            raise Unreachable(f"it cannot be reached: {error}") from error

    def addresses(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses of a host, every one of them checked. Raises `AddressRefused`, `OSError`."""
        found = self.resolve(host, port)
        if not found:
            raise OSError(f"{host} has no address")
        for address in found:
            self._require(host, address)
        return found

    def _require(self, host: str, address: str) -> None:
        ip = ip_address(address.partition("%")[0])
        if not (is_public(ip) or self._is_named(host) or self._is_in_network(ip)):
            # Whoever entered the name is not told what this network's name server says of it.
            LOG.warning("nothing is sent to %s: it leads to %s", host, ip)
            raise AddressRefused(
                f"{host} is not on the public internet; the operator may allow it (ANXUN_OUTSIDE_ALLOWED)"
            )

    def _is_in_house(self, host: str) -> bool:
        """Return whether the operator vouches for a host by its name or its number, so that it may do without TLS."""
        return self._is_named(host) or (_is_literal(host) and self._is_in_network(ip_address(host)))

    def _is_named(self, host: str) -> bool:
        return host in self.allowed

    def _is_in_network(self, ip: IpAddress) -> bool:
        return any(ip in network for network in map(_network, self.allowed) if network is not None)


def is_public(ip: IpAddress) -> bool:
    """Return whether an address is of the public internet, by itself and by any older address that it wraps."""
    wrapped = _wrapped(ip)
    if wrapped is not None:
        return is_public(wrapped)
    is_special = ip.is_multicast or ip.is_reserved or any(ip in network for network in _SPECIAL)
    return ip.is_global and not is_special


def _wrapped(ip: IpAddress) -> IPv4Address | None:
    if isinstance(ip, IPv4Address):
        return None
    if ip in _NAT64:
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    teredo = ip.teredo
    return ip.ipv4_mapped or ip.sixtofour or (teredo[1] if teredo else None)


def _network(text: str) -> Any:
    try:
        return ip_network(text)
    except ValueError:
        return None


def _is_literal(host: str) -> bool:
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _beginning(stream: Iterable[bytes]) -> bytes:
    received = b""
    for chunk in stream:
        received += chunk
        if len(received) >= MAX_ANSWER_BYTES:
            break
    return received[:MAX_ANSWER_BYTES]


def _headers(response: httpcore.Response) -> Mapping[str, str]:
    return {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers
    }


class _CheckedBackend(httpcore.NetworkBackend):
    """Connects to checked addresses only, and holds every connection to a deadline."""

    def __init__(self, reach: Reach, ends: float) -> None:
        self._reach, self._ends, self._plain = reach, ends, httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        failure: httpcore.NetworkError | httpcore.TimeoutException | None = None
        for address in self._reach.addresses(host, port):
            try:
                stream = self._plain.connect_tcp(
                    address, port, _left(self._ends, timeout), local_address, socket_options
                )
            except (httpcore.NetworkError, httpcore.TimeoutException) as error:
                failure = error
            else:
                return _BoundedStream(stream, self._ends)
        raise failure or httpcore.ConnectError("no address")


class _BoundedStream(httpcore.NetworkStream):
    """A connection on which no wait goes beyond the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, ends: float) -> None:
        self._stream, self._ends = stream, ends

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._ends, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._ends, timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = _left(self._ends, timeout)
        return _BoundedStream(
            self._stream.start_tls(ssl_context, server_hostname, left), self._ends
        )

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(ends: float, timeout: float | None) -> float:
    left = ends - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("the deadline of the exchange has passed")
    return left if timeout is None else min(left, timeout)
