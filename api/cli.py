"""`anxun`: the server and its desk tools. The base install has `anxun verify`; the rest needs the extra `server`."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer
from rich.console import Console

from api import cli_boxes as _cli_boxes  # noqa: F401  adds to `anxun model`
from api.audit_cli import audit
from api.cli_import import import_app
from api.cli_models import dataset_app, model_app
from api.cli_reports import report
from api.cli_sections import sections_app
from api.device_cli import verify_devices
from api.faults import err
from api.faults import fail as _fail
from api.faults import plain_faults as _faults
from api.retention_cli import app as retention_app
from api.retention_cli import search_index
from api.trust_cli import key_app
from ledger.cli import app as ledger_app
from ledger.witness_cli import app as witness_app

if TYPE_CHECKING:
    from api.admin import Office

PASSWORD_VARIABLE = "ANXUN_PASSWORD"  # noqa: S105  a name, not a secret
SERVER_EXTRA = "this command needs more than the base install: pip install 'anxun[server]'"

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Safety patrol: server and desk tools.",
)
area_app = typer.Typer(no_args_is_help=True, help="Pilot areas.")
organisation_app = typer.Typer(no_args_is_help=True, help="Organisations of an area.")
enterprise_app = typer.Typer(no_args_is_help=True, help="Enterprises, their plans and insurance.")
user_app = typer.Typer(no_args_is_help=True, help="People and their roles.")
for name, sub_app in (
    ("area", area_app),
    ("organisation", organisation_app),
    ("enterprise", enterprise_app),
    ("user", user_app),
    ("dataset", dataset_app),
    ("model", model_app),
    ("sections", sections_app),
    ("import", import_app),
):
    app.add_typer(sub_app, name=name)
app.add_typer(retention_app, name="retention")
app.add_typer(key_app, name="key")
app.add_typer(witness_app, name="witness")
app.command("search-index")(search_index)
app.command()(audit)
app.command("verify-devices")(verify_devices)
app.command("report")(report)
# `anxun verify` needs only the base install.
app.registered_commands.extend(ledger_app.registered_commands)
out = Console(highlight=False, soft_wrap=True)

Start = Annotated[str, typer.Option("--from", help="first day, YYYY-MM-DD")]
End = Annotated[str, typer.Option("--until", help="last day, YYYY-MM-DD")]


class Party(StrEnum):
    """Kinds of organisation."""

    GOVERNMENT = "government"
    SERVICE_CENTRE = "service_centre"
    INSURER = "insurer"
    SERVICE_BODY = "service_body"


class RoleName(StrEnum):
    """Roles that a person may hold."""

    EXPERT = "expert"
    ENTERPRISE_OFFICER = "enterprise_officer"
    ENTERPRISE_WORKER = "enterprise_worker"
    SERVICE_CENTRE = "service_centre"
    INSURER = "insurer"
    GOVERNMENT = "government"


def main() -> None:
    """Run the command line; a missing extra is named."""
    try:
        app()
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] in {
            "api",
            "inspection",
            "models",
            "ledger",
        }:
            raise
        err.print(f"{SERVER_EXTRA} (missing: {error.name})", markup=False)
        sys.exit(3)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="address to listen on")] = None,
    port: Annotated[int | None, typer.Option(help="port; 0 takes a free one")] = None,
) -> None:
    """Serve the API and the app until it is told to stop (Ctrl-C or SIGTERM)."""
    from api.serve import run_server
    from api.settings import Settings

    given = {key: value for key, value in (("host", host), ("port", port)) if value is not None}
    with _faults():
        run_server(Settings().model_copy(update=given))


@app.command()
def init() -> None:
    """Make or upgrade the database and the signing key."""
    from api.admin import prepare
    from api.settings import Settings

    with _faults():
        for line in prepare(Settings()):
            out.print(line)


@app.command()
def openapi() -> None:
    """Print the OpenAPI document."""
    from api.app import create_app
    from api.openapi import openapi_text
    from api.settings import Settings

    sys.stdout.write(openapi_text(create_app(Settings())))


@app.command()
def demo(
    *, once: Annotated[bool, typer.Option("--once", help="end instead of serving on")] = False
) -> None:
    """Set up a demonstration town, patrol real photos, watch a real clip, and serve."""
    from api.demo import run_demo

    raise typer.Exit(run_demo(once=once))


@app.command()
def export(
    enterprise: UUID,
    target: Path,
    item: Annotated[
        UUID | None, typer.Option(help="only what is about this hazard item, with proofs")
    ] = None,
) -> None:
    """Write an enterprise's ledger, or one item of it, with evidence to TARGET (a zip that `anxun verify` checks)."""
    from api.export_desk import export_to_file
    from api.settings import Settings

    with _faults():
        size = export_to_file(Settings(), enterprise, target, item)
    out.print(f"{target}: {size} entries")


@app.command("enrolment-code")
def enrolment_code(
    enterprise: UUID,
    login: Annotated[str, typer.Option("--by", help="login of the person who answers for it")],
) -> None:
    """Print a one-time code that a device trades for its token."""
    with _office() as office:
        out.print(office.enrolment_code(enterprise, login))


@area_app.command("add")
def area_add(name: str) -> None:
    """Add a pilot area and print its id."""
    with _office() as office:
        out.print(str(office.add_area(name)))


@organisation_app.command("add")
def organisation_add(
    kind: Party,
    name: str,
    area: Annotated[UUID | None, typer.Option(help="its area; all areas when left out")] = None,
    parent: Annotated[
        UUID | None, typer.Option(help="the bureau above a town's government")
    ] = None,
) -> None:
    """Add an organisation and print its id."""
    with _office() as office:
        out.print(str(office.add_organisation(kind, name, area, parent)))


@enterprise_app.command("add")
def enterprise_add(
    area: UUID,
    name: str,
    credit_code: str,
    *,
    address: Annotated[str, typer.Option()] = "",
    industry: Annotated[str, typer.Option()] = "",
    high_risk: Annotated[bool, typer.Option("--high-risk")] = False,
) -> None:
    """Add an enterprise (with its unified social credit code) and print its id."""
    from inspection.areas import EnterpriseFacts

    facts = EnterpriseFacts(name, credit_code, address, industry, high_risk)
    with _office() as office:
        out.print(str(office.add_enterprise(area, facts)))


@enterprise_app.command("plan")
def enterprise_plan(  # noqa: PLR0913  each is an option of the command
    enterprise: UUID,
    name: str,
    number: str,
    starts_on: Start,
    ends_on: End,
    *,
    hazard: Annotated[
        list[str] | None, typer.Option(help="code that a picture may report; all when left out")
    ] = None,
    tickets: Annotated[bool, typer.Option(help="a confirmed finding opens a ticket")] = True,
) -> None:
    """Add a service plan and print its id."""
    from inspection.areas import PlanFacts, Term

    with _office() as office:
        term = Term(number, _day(starts_on), _day(ends_on))
        facts = PlanFacts(name, term, tickets, tuple(hazard or ()))
        out.print(str(office.add_plan(enterprise, facts)))


@enterprise_app.command("insure")
def enterprise_insure(
    enterprise: UUID, insurer: UUID, number: str, starts_on: Start, ends_on: End
) -> None:
    """Add the insurance policy of an enterprise and print its id."""
    from inspection.areas import Term

    with _office() as office:
        term = Term(number, _day(starts_on), _day(ends_on))
        out.print(str(office.add_policy(enterprise, insurer, term)))


@user_app.command("add")
def user_add(
    login: str,
    name: str,
    role: Annotated[RoleName, typer.Option()],
    enterprise: Annotated[UUID | None, typer.Option(help="for officers and workers")] = None,
    organisation: Annotated[UUID | None, typer.Option(help="for every other role")] = None,
    administrator: Annotated[
        bool, typer.Option("--administrator", help="manages the organisation's people")
    ] = False,
) -> None:
    """Add a person with a role and print the id. The password: ANXUN_PASSWORD, a line of stdin, or a prompt."""
    password = _password()
    place = enterprise or organisation
    with _office() as office:
        user_id = office.add_user(
            login, name, password, role, place, is_administrator=administrator
        )
        out.print(str(user_id))


@user_app.command("first")
def user_first(
    login: str,
    name: str,
    centre: Annotated[
        str, typer.Option(help="name of the service centre that is made")
    ] = "服务中心",
) -> None:
    """Add a service centre and its administrator, the first person of a new server; they invite everybody else in the app."""
    password = _password()
    with _office() as office:
        out.print(str(office.add_first_administrator(login, name, password, centre)))


@user_app.command("password")
def user_password(login: str) -> None:
    """Set a person's password and end their sessions."""
    password = _password()
    with _office() as office:
        office.set_password(login, password)


@user_app.command("deactivate")
def user_deactivate(login: str) -> None:
    """Let a person sign in no more; what they did stays."""
    with _office() as office:
        office.deactivate(login)


@user_app.command("assign")
def user_assign(login: str, enterprise: UUID) -> None:
    """Station an expert at an enterprise."""
    with _office() as office:
        office.assign(login, enterprise)


def _password() -> str:
    """Return the password: never from the command line, where every process of the machine could read it."""
    given = os.environ.get(PASSWORD_VARIABLE)
    if given is None:
        given = (
            typer.prompt("Password", hide_input=True, confirmation_prompt=True)
            if sys.stdin.isatty()
            else sys.stdin.readline().rstrip("\r\n")
        )
    return str(given)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        _fail(f"{text!r} is no day like 2026-11-24")


@contextmanager
def _office() -> Iterator["Office"]:
    from api.admin import open_office
    from api.settings import Settings

    with _faults(), open_office(Settings()) as office:
        yield office


if __name__ == "__main__":
    main()
