"""`anxun audit`: does every stored row, and every kept byte, still hold?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer
from rich.console import Console

from api.faults import err, fail, plain_faults

if TYPE_CHECKING:
    from ledger.stored_rows import Fault

out = Console(highlight=False, soft_wrap=True)


def audit(
    enterprise: Annotated[UUID | None, typer.Argument(help="its ledger and its area's log")] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="every ledger and area log")] = False,
    seen: Annotated[
        list[Path] | None, typer.Option(help="file with a checkpoint that somebody else kept")
    ] = None,
) -> None:
    """Check every stored row of ledgers and all bytes of evidence; name each that is wrong, and end with 1. 审计。"""
    from api.audit_desk import open_audit_desk
    from api.settings import Settings
    from ledger.checkpoint import parse_checkpoint

    if everything == (enterprise is not None):
        fail("name an enterprise by its id, or say --all")
    faults: list[Fault] = []
    with plain_faults():
        checkpoints = [parse_checkpoint(path.read_text(encoding="utf-8")) for path in seen or []]
        with open_audit_desk(Settings(), checkpoints) as desk:
            for report in desk.audit(enterprise, _tell):
                # As text: of an object itself the console prints its fields.
                out.print(str(report), markup=False)
                faults += report.faults
            faults += desk.strays()
    for fault in faults:
        out.print(f"WRONG: {fault}", style="red", markup=False)
    count = len(faults)
    out.print(f"{count} faults / 处不成立" if faults else "all of it holds / 全部成立")
    raise typer.Exit(bool(faults))


def _tell(name: str, done: int, total: int) -> None:
    """Tell every thousandth row on stderr."""
    if done % 1000 == 0:
        err.print(f"{name}: {done} of {total}", markup=False)
