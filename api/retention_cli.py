"""`anxun retention` and `anxun search-index`: what the operator does by command about what is kept."""

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer
from rich.console import Console

from api.faults import plain_faults

if TYPE_CHECKING:
    from collections.abc import Iterator

app = typer.Typer(no_args_is_help=True, help="What is kept, how long, and what goes.")
out = Console(highlight=False, soft_wrap=True)


@app.command()
def show(enterprise: UUID) -> None:
    """Show every section's retention, what is past it, and what waits to be deleted. Nothing is changed."""
    from api.retention_desk import open_desk

    with plain_faults(), open_desk() as desk:
        for line in desk.report(enterprise):
            out.print(line, markup=False)


@app.command()
def erase(
    enterprise: UUID,
    section: Annotated[str, typer.Option(help="code of the section, such as L27")],
    requested_by: Annotated[str, typer.Option(help="login of who asks")],
    approved_by: Annotated[str, typer.Option(help="login of who agrees; another person")],
) -> None:
    """Erase the content of a section's entries that are past their retention, up to 1,000 a run."""
    from api.retention_desk import open_desk

    with plain_faults(), open_desk() as desk:
        for line in desk.erase_past(enterprise, section, requested_by, approved_by):
            out.print(line, markup=False)


@app.command()
def orphans(
    enterprise: UUID,
    *,
    remove: Annotated[bool, typer.Option("--remove", help="delete them for good")] = False,
    login: Annotated[str, typer.Option("--by", help="login of the person who answers")] = "",
) -> None:
    """List uploaded files that nothing ever referred to, past their grace period; delete them only with --remove."""
    from api.retention_desk import open_desk

    with plain_faults(), open_desk() as desk:
        lines: Iterator[str] = (
            desk.remove_orphans(enterprise, login) if remove else desk.orphans(enterprise)
        )
        for line in lines:
            out.print(line, markup=False)


@app.command()
def resume() -> None:
    """Carry out approved erasures and deletions that wait; the server does the same by itself."""
    from api.retention_desk import open_desk

    with plain_faults(), open_desk() as desk:
        out.print(f"{desk.keeper.run_once()} entries")


def search_index(
    *,
    again: Annotated[bool, typer.Option("--again", help="empty it first")] = False,
) -> None:
    """Make what ledger entries are found by; stopped, it goes on from there. The server does it by itself too."""
    from api.retention_desk import open_desk

    with plain_faults(), open_desk() as desk:
        for line in desk.index(again=again):
            out.print(line, markup=False)
