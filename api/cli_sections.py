"""`anxun sections`: what is due or missing in the 28 sections, and putting out the reminders."""

from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console

from api.faults import plain_faults

sections_app = typer.Typer(no_args_is_help=True, help="The 28 sections: what is due and missing.")
out = Console(highlight=False, soft_wrap=True)


@sections_app.command("due")
def sections_due(
    *,
    enterprise: Annotated[UUID | None, typer.Option(help="of this one only")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="what is done and what comes later, too")
    ] = False,
) -> None:
    """Print what is missing and due: enterprise, section, period, last day, state; tab-separated."""
    from api.admin import open_office
    from api.settings import Settings
    from inspection.sections import ledger_section

    with plain_faults(), open_office(Settings()) as office:
        for name, section, duty in office.duties(enterprise, everything=everything):
            words = f"{section} {ledger_section(section).name_zh}"
            period = f"plan of {duty.ticket_number}" if duty.ticket_number else duty.period
            line = (name, words, period, str(duty.last), duty.state.value)
            typer.echo("\t".join(line))


@sections_app.command("remind")
def sections_remind() -> None:
    """Put out the reminders that were not put out yet, and print how many. The server does so by itself too."""
    from api.admin import put_out_reminders
    from api.settings import Settings

    with plain_faults():
        out.print(f"{put_out_reminders(Settings())} new reminders")
