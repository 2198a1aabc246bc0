"""The server: HTTP API, app, desk commands."""
