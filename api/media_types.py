"""Which kind of body an address takes, and whether a request's is of it (ASVS 13.1.5, 13.2.5)."""

from fastapi import Request

JSON, FORM = "application/json", "multipart/form-data"


def wanted_instead(request: Request) -> str | None:
    """Return the kind of body that the request's route takes, where the request has a body of another kind; else None."""
    wanted: str | None = getattr(request.scope.get("route"), "media_type", None)
    length = request.headers.get("content-length")
    has_body = "transfer-encoding" in request.headers or length not in (None, "0")
    if wanted is None or not has_body:
        return None
    return None if _is_of(request.headers.get("content-type", ""), wanted) else wanted


def _is_of(given: str, wanted: str) -> bool:
    essence = given.partition(";")[0].strip().lower()
    return essence == wanted or (wanted == JSON and essence.endswith("+json"))
