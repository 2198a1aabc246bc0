"""`anxun import`: enterprises, people and cameras from an Excel sheet, on behalf of a person."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from api.faults import plain_faults

import_app = typer.Typer(no_args_is_help=True, help="Enterprises, people and cameras from Excel.")


class SheetKind(StrEnum):
    """What a sheet lists."""

    ENTERPRISES = "enterprises"
    PEOPLE = "people"
    CAMERAS = "cameras"


@import_app.command("template")
def import_template(
    kind: SheetKind,
    target: Annotated[Path, typer.Argument(help="where the .xlsx goes")],
    *,
    english: Annotated[bool, typer.Option("--english", help="headings in English")] = False,
) -> None:
    """Write an empty form: headings, an example, and what belongs where."""
    from inspection.importing.forms import ImportKind
    from inspection.importing.template import template_of

    target.write_bytes(template_of(ImportKind(kind.value), is_chinese=not english))


@import_app.command("sheet")
def import_sheet(
    kind: SheetKind,
    file: Annotated[Path, typer.Argument(help="the .xlsx")],
    *,
    by: Annotated[str, typer.Option(help="login of whoever imports; their roles hold")],
    apply: Annotated[
        bool, typer.Option("--apply", help="write it; else it is only looked through")
    ] = False,
    english: Annotated[
        bool, typer.Option("--english", help="say in English what is wrong")
    ] = False,
) -> None:
    """Print each bad row (row, column, what is wrong, what to do) or what becomes of each; 1 where a row is bad.

    Written is everything or nothing. Links of invitations are printed once.
    """
    from api.admin import open_office
    from api.import_desk import import_sheet as run
    from api.settings import Settings
    from inspection.importing.fault_words import words_of
    from inspection.importing.forms import ImportKind

    settings = Settings()
    with plain_faults(), open_office(settings) as office:
        importer = office.importer(by)
        report = run(office.session, settings, importer, ImportKind(kind.value), file.read_bytes(), dry_run=not apply)  # fmt: skip
    for fault in report.faults:
        said = words_of(fault, is_chinese=not english)
        typer.echo("\t".join((str(fault.row), fault.column, *said)))
    if report.faults:
        raise typer.Exit(1)
    for row in report.rows:
        typer.echo("\t".join((str(row.number), row.action.value, row.subject, row.link)))
