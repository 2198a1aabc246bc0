"""Secrets that are handed out once, in an address or a header, and stored hashed."""

import hashlib
import secrets


def new_token() -> str:
    """Return 32 random bytes as URL-safe text."""
    return secrets.token_urlsafe(32)


def sha256_of_token(token: str) -> str:
    """Return what is stored of a token. A plain hash will do: a token is random and long."""
    return hashlib.sha256(token.encode()).hexdigest()
