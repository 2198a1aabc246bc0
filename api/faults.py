"""How a command says that something is wrong: in a line, not in a trace."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer
from rich.console import Console

err = Console(stderr=True, highlight=False, soft_wrap=True)


def fail(message: str) -> NoReturn:
    """Say it in red, and end with 2."""
    err.print(message, style="red", markup=False)
    raise typer.Exit(2)


@contextmanager
def plain_faults() -> Iterator[None]:
    """Say what is wrong in a line instead of a trace."""
    from pydantic import ValidationError
    from sqlalchemy.exc import OperationalError

    from api.errors import ApiError
    from inspection.errors import InspectionError
    from inspection.sealing import SealError
    from inspection.switches import LabelUnknown
    from inspection.taxonomy import UnknownHazard
    from ledger.errors import LedgerError
    from models.errors import ModelError

    try:
        yield
    except (
        ApiError,
        InspectionError,
        SealError,
        UnknownHazard,
        LabelUnknown,
        LedgerError,
        ModelError,
        OSError,
    ) as error:
        fail(str(error))
    except OperationalError as error:
        fail(f"the database does not answer: {error.orig}")
    except ValidationError as error:
        fail(f"the settings are wrong (see docs/operations.md): {error}")
