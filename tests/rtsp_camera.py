"""A camera that speaks RTSP: a picture as an endless H.264 stream in real time, with GStreamer's own server.

Run by the system's Python, which has GStreamer's bindings: /usr/bin/python3 tests/rtsp_camera.py PORT PICTURE.jpg
"""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402  after the versions are chosen

STREAM = (
    "( filesrc location={picture} ! jpegdec ! imagefreeze is-live=true ! video/x-raw,framerate=25/1"
    " ! videoconvert ! video/x-raw,format=I420 ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=25"
    " ! video/x-h264,profile=baseline ! rtph264pay config-interval=1 name=pay0 pt=96 )"
)


def serve(port: str, picture: str) -> None:
    """Serve until killed; says READY once it listens."""
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(STREAM.format(picture=picture))
    factory.set_shared(True)
    server.get_mount_points().add_factory("/camera", factory)
    if not server.attach(None):
        sys.exit(f"port {port} is taken")
    sys.stdout.write("READY\n")
    sys.stdout.flush()
    GLib.MainLoop().run()


if __name__ == "__main__":
    serve(*sys.argv[1:3])
