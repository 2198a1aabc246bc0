"""`anxun report`: a report of a ledger, made at once by this process and recorded like any other."""

import shutil
from datetime import date
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import Progress

from api.faults import fail, plain_faults

err = Console(stderr=True, highlight=False)


def report(  # noqa: PLR0913  each is an option of the command
    enterprise: UUID,
    starts_on: Annotated[str, typer.Option("--from", help="first day, YYYY-MM-DD")],
    ends_on: Annotated[str, typer.Option("--until", help="last day, YYYY-MM-DD")],
    out: Annotated[Path, typer.Option("--out", help="file to write; it must not be there yet")],
    *,
    format: Annotated[str, typer.Option("--format", help="pdf or xlsx")] = "pdf",  # noqa: A002  the option's name
    language: Annotated[str, typer.Option("--language", help="zh or en")] = "zh",
    section: Annotated[
        list[str] | None, typer.Option("--section", help="a section such as L11; all when left out")
    ] = None,
    blur_heads: Annotated[
        bool, typer.Option("--blur-heads", help="make people's heads unrecognisable")
    ] = False,
) -> None:
    """Write an enterprise's ledger of a period as PDF or Excel, and record the file's hash in the ledger."""
    from api.reporting import ReportOffice
    from api.settings import Settings
    from inspection.reports.asked import Period, ReportRequest
    from inspection.tables import ReportFormat, ReportLanguage

    with plain_faults():
        asked = ReportRequest(
            Period(_day(starts_on), _day(ends_on)),
            ReportFormat(_one_of(format, "pdf", "xlsx")),
            ReportLanguage(_one_of(language, "zh", "en")),
            tuple(section or ()),
        )
        if out.exists():
            fail(f"{out} is there already; choose another name")
        with (
            ReportOffice.opened(Settings()) as office,
            Progress(console=err, transient=True) as bar,
        ):
            task = bar.add_task("report", total=100)
            made = office.make(
                enterprise, asked, lambda done: bar.update(task, completed=done), blurs=blur_heads
            )
            shutil.copyfile(made.path, out)
    typer.echo(f"{out}: {made.size} bytes, SHA-256 {made.sha256}, {made.checkpoint.size} entries")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        fail(f"{text!r} is no day like 2026-11-24")


def _one_of(text: str, *known: str) -> str:
    if text not in known:
        fail(f"{text!r} is none of: {', '.join(known)}")
    return text
