"""Many cameras that speak RTSP, from pictures that were encoded before: what they send costs this server next to nothing.

Run by the system's Python: /usr/bin/python3 tests/rtsp_streams.py PORT FRAMES COUNT [PERIOD_S]. FRAMES is a file of access units
of H.264 (a length of 4 bytes, big endian, before each), 25 a second, sent round and round in real time; each of the COUNT
cameras, /camera0 and so on, begins somewhere else in it, as real ones do. With PERIOD_S, FRAMES holds two halves, the second
one with a hazard in it: a camera shows the second half once in every period, and
EVENT lines say when that begins.
"""

import struct
import sys
import time
from pathlib import Path

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402  after the versions are chosen

FRAME_NS = 40_000_000
STREAM = (
    "( appsrc name=frames is-live=true format=time"
    " caps=video/x-h264,stream-format=byte-stream,alignment=au,framerate=25/1"
    " ! h264parse ! rtph264pay config-interval=1 name=pay0 pt=96 )"
)


def read(path: str) -> list[bytes]:
    """Return the access units of a file."""
    data, units, at = Path(path).read_bytes(), [], 0
    while at < len(data):
        (size,) = struct.unpack_from(">I", data, at)
        units.append(data[at + 4 : at + 4 + size])
        at += 4 + size
    return units


class Camera:
    """One mount, one pipeline, shared by whoever watches."""

    def __init__(
        self, server: GstRtspServer.RTSPServer, number: int, units: list[bytes], period_s: float
    ) -> None:
        self.name, self.units, self.period_s = f"camera{number}", units, period_s
        half = len(units) // 2
        self.clear, self.hazard = (units[:half], units[half:]) if period_s else (units, [])
        self.shift = number * 7
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(STREAM)
        factory.set_shared(True)
        factory.connect("media-configure", self._configure)
        server.get_mount_points().add_factory(f"/{self.name}", factory)
        self.sent = 0

    def _configure(self, _: object, media: GstRtspServer.RTSPMedia) -> None:
        source = media.get_element().get_child_by_name("frames")
        began_s, self.sent = time.monotonic(), 0

        def push() -> bool:
            while (time.monotonic() - began_s) * 25 >= self.sent:
                buffer = Gst.Buffer.new_wrapped(self._unit())
                buffer.pts = buffer.dts = self.sent * FRAME_NS
                buffer.duration = FRAME_NS
                self.sent += 1
                if source.emit("push-buffer", buffer) != Gst.FlowReturn.OK:
                    return False
            return True

        GLib.timeout_add(20, push)

    def _unit(self) -> bytes:
        """Return the next access unit; every part begins with a key frame."""
        if not self.hazard:
            return self.units[(self.sent + self.shift) % len(self.units)]
        period = int(self.period_s * 25)
        place = (self.sent + self.shift) % period
        begin = period - len(self.hazard)
        if place == begin:
            sys.stdout.write(f"EVENT {self.name} {time.time():.3f}\n")
            sys.stdout.flush()
        if place >= begin:
            return self.hazard[place - begin]
        return self.clear[place % len(self.clear)]


def serve(port: str, frames: str, count: str, period_s: str = "0") -> None:
    """Serve until killed; says READY once it listens."""
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    # One thread a client: with the one thread of the default a camera that is being opened keeps all others waiting.
    server.get_thread_pool().set_max_threads(-1)
    units = read(frames)
    cameras = [Camera(server, number, units, float(period_s)) for number in range(int(count))]
    if not server.attach(None):
        sys.exit(f"port {port} is taken")
    sys.stdout.write(f"READY {len(cameras)}\n")
    sys.stdout.flush()
    GLib.MainLoop().run()


if __name__ == "__main__":
    serve(*sys.argv[1:])
