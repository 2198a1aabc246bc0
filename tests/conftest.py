"""Fixtures of every tier."""

from hypothesis import settings

# How long one example takes says more about the machine's load than about the code.
settings.register_profile("anxun", deadline=None)
settings.load_profile("anxun")

pytest_plugins = [
    "tests.mqtt_broker",
    "tests.postgres_server",
    "tests.rtsp_server",
    "tests.http_camera",
    "tests.onvif_device",
    "tests.s3_server",
]
