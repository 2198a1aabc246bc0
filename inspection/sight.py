"""Whether a camera sees, and since when: what an edge box tells the server about its cameras. Light: no database."""

from enum import StrEnum


class Sight(StrEnum):
    """What a camera's picture is good for."""

    SEEING = "seeing"
    ABSENT = "absent"
    BLACK = "black"
    FROZEN = "frozen"
    COVERED = "covered"
    BLURRED = "blurred"
    MOVED = "moved"
