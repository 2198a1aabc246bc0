"""Fixtures of every tier."""

pytest_plugins = ["tests.postgres_server", "tests.rtsp_server", "tests.s3_server"]
