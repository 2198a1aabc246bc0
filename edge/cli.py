"""`anxun-edge`: enrol, patrol, watch, discover, neighbours, deliver, status, doctor, install-service.

Exit codes: 0 done · 1 an error of the program · 2 wrong usage · 3 an input is wrong, nothing was started ·
4 not enrolled · 5 another process holds this state folder · 6 the disk is full or the outbox unusable (run again
later) · 7 the server refuses this device or code · 8 the server is away and findings still wait (`deliver`) ·
9 `doctor` found a problem ·
130 and 143 ended by SIGINT and SIGTERM, everything kept.
"""

import os
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import ValidationError

from edge.address import Transport
from edge.errors import EdgeError
from edge.load import WantedWay
from edge.messages import Language, LogForm, say
from edge.settings import Settings

if TYPE_CHECKING:
    from edge.cameras import CameraEntry

_HELP_LANG: Language = "en" if os.environ.get("ANXUN_LANG", "zh").lower().startswith("en") else "zh"


def _help(key: str) -> str:
    return say(_HELP_LANG, key)


app = typer.Typer(
    help=_help("help_app"),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
ZonesOption = Annotated[
    Path | None, typer.Option("--zones", "--zone-file", help=_help("help_zones"))
]


class Log(StrEnum):
    """How a service writes its log."""

    TEXT = "text"
    JSON = "json"


HazardOption = Annotated[
    list[str] | None, typer.Option("--hazard", "--hazards", help=_help("help_hazard"))
]
ModelOption = Annotated[Path | None, typer.Option(help=_help("help_model"))]
TilesOption = Annotated[int | None, typer.Option("--tiles", min=64, help=_help("help_tiles"))]
ExperimentalOption = Annotated[list[str] | None, typer.Option(help=_help("help_experimental"))]
OfflineOption = Annotated[bool, typer.Option("--offline", help=_help("help_offline"))]


@app.callback()
def _root(
    context: typer.Context,
    lang: Annotated[str | None, typer.Option(help=_help("help_lang"))] = None,
) -> None:
    settings = Settings()
    if lang is not None:
        if lang not in ("zh", "en"):
            raise typer.BadParameter(_help("help_lang"), param_hint="--lang")
        settings = settings.model_copy(update={"lang": lang})
    context.obj = settings


@app.command(help=_help("help_enrol"))
def enrol(
    context: typer.Context,
    url: Annotated[str, typer.Argument(help=_help("help_url"))],
    code: Annotated[str, typer.Argument(help=_help("help_code"))],
    name: Annotated[str, typer.Option(help=_help("help_name"))],
) -> None:
    """Trade a one-time code for this device's identity."""
    from edge import commands

    _run(context, lambda: commands.enrol(context.obj, url, code, name))


@app.command(help=_help("help_patrol"))
def patrol(  # noqa: PLR0913  each is an option of the command
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help=_help("help_folder"))],
    zones: ZonesOption = None,
    hazard: HazardOption = None,
    model: ModelOption = None,
    experimental: ExperimentalOption = None,
    tiles: TilesOption = None,
    offline: OfflineOption = False,
) -> None:
    """Walk a folder of photos."""
    from edge import commands

    asked = commands.Asked(
        model, zones, tuple(hazard or ()), tuple(experimental or ()), offline, tiles
    )
    _run(context, lambda: commands.patrol(context.obj, folder, asked), context.obj.log)


@app.command(help=_help("help_watch"))
def watch(  # noqa: PLR0913  each is an option of the command
    context: typer.Context,
    source: Annotated[str | None, typer.Argument(help=_help("help_source"))] = None,
    camera: Annotated[str | None, typer.Option(help=_help("help_camera"))] = None,
    cameras: Annotated[Path | None, typer.Option(help=_help("help_cameras"))] = None,
    k: Annotated[int | None, typer.Option("--k", min=1, max=100, help=_help("help_k"))] = None,
    n: Annotated[int | None, typer.Option("--n", min=1, max=100, help=_help("help_n"))] = None,
    fps: Annotated[float | None, typer.Option(min=0.01, max=60, help=_help("help_fps"))] = None,
    way: Annotated[WantedWay | None, typer.Option(help=_help("help_way"))] = None,
    transport: Annotated[Transport | None, typer.Option(help=_help("help_transport"))] = None,
    for_s: Annotated[float | None, typer.Option("--for", min=0, help=_help("help_for"))] = None,
    started_at: Annotated[datetime | None, typer.Option(help=_help("help_started"))] = None,
    page: Annotated[int | None, typer.Option(min=0, max=65535, help=_help("help_page"))] = None,
    log: Annotated[Log | None, typer.Option(help=_help("help_log"))] = None,
    zones: ZonesOption = None,
    hazard: HazardOption = None,
    model: ModelOption = None,
    experimental: ExperimentalOption = None,
    offline: OfflineOption = False,
) -> None:
    """Watch one camera, or those of a file."""
    from edge import commands, watching

    asked = commands.Asked(model, zones, tuple(hazard or ()), tuple(experimental or ()), offline)
    options = {"k": k, "n": n, "fps": fps, "way": way, "transport": transport}
    named = {"source": source, "name": camera}
    told = {key: value for key, value in (named | options).items() if value is not None}
    if cameras is None:
        plan = watching.Plan(_one_camera(told, context.obj.lang), None, for_s, started_at)
    else:
        if told or started_at is not None:
            raise typer.BadParameter(say(context.obj.lang, "one_or_many"), param_hint="--cameras")
        plan = watching.Plan(None, cameras, for_s)
    changes = {"page_port": page, "log": log and log.value}
    settings = context.obj.model_copy(
        update={name: value for name, value in changes.items() if value is not None}
    )
    _run(context, lambda: watching.watch(settings, plan, asked), settings.log)


def _one_camera(told: Mapping[str, object], lang: Language) -> "CameraEntry":
    from edge.cameras import CameraEntry

    try:
        return CameraEntry.model_validate(told)
    except ValidationError as error:
        problem = error.errors()[0]
        if problem["type"] == "missing":
            raise typer.BadParameter(
                say(lang, "one_or_many"), param_hint="SOURCE --camera"
            ) from None
        message = problem["msg"].removeprefix("Value error, ")
        where = "".join(f"--{part} " for part in problem["loc"])
        raise typer.BadParameter(f"{where}{message}") from None


@app.command("accept-view", help=_help("help_accept_view"))
def accept_view(
    context: typer.Context, camera: Annotated[str, typer.Argument(help=_help("help_camera"))]
) -> None:
    """Accept what a camera looks at now."""
    from edge import commands

    _run(context, lambda: commands.accept_view(context.obj, camera))


@app.command(help=_help("help_discover"))
def discover(  # noqa: PLR0913  each is an option of the command
    context: typer.Context,
    user: Annotated[str | None, typer.Option(help=_help("help_user"))] = None,
    password: Annotated[
        str, typer.Option(envvar="CAMERA_PASSWORD", show_default=False, help=_help("help_password"))
    ] = "",
    address: Annotated[list[str] | None, typer.Option(help=_help("help_address"))] = None,
    seconds: Annotated[
        float, typer.Option("--for", min=0.1, max=120, help=_help("help_listen"))
    ] = 4.0,
    output: Annotated[Path | None, typer.Option(help=_help("help_output"))] = None,
    snapshot: Annotated[bool, typer.Option("--snapshot", help=_help("help_snapshot"))] = False,
) -> None:
    """Find ONVIF cameras."""
    from edge import discovering
    from edge.onvif import Credentials

    credentials = None if user is None else Credentials(user, password)
    asked = discovering.Search(tuple(address or ()), credentials, seconds, output, snapshot)
    _run(context, lambda: discovering.search(context.obj, asked))


@app.command(help=_help("help_neighbours"))
def neighbours(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help=_help("help_neighbours_file"))],
    offline: OfflineOption = False,
) -> None:
    """Work with Frigate, AI cameras and an MQTT broker."""
    from edge import neighbouring

    _run(
        context,
        lambda: neighbouring.neighbours(context.obj, file, is_offline=offline),
        context.obj.log,
    )


@app.command(help=_help("help_deliver"))
def deliver(
    context: typer.Context,
    wait: Annotated[bool, typer.Option("--wait", help=_help("help_wait"))] = False,
) -> None:
    """Deliver what waits."""
    from edge import commands

    _run(context, lambda: commands.deliver(context.obj, wait=wait))


@app.command(help=_help("help_status"))
def status(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help=_help("help_json"))] = False,
) -> None:
    """Show what this device has and what waits."""
    from edge import commands

    _run(context, lambda: commands.status(context.obj, as_json=as_json))


models_app = typer.Typer(help=_help("help_models"), no_args_is_help=True)
app.add_typer(models_app, name="model")


@models_app.command("list", help=_help("help_model_list"))
def model_list(context: typer.Context) -> None:
    """Show the models of this box."""
    from edge import commands

    _run(context, lambda: commands.models(context.obj))


@models_app.command("use", help=_help("help_model_use"))
def model_use(
    context: typer.Context, sha256: Annotated[str, typer.Argument(help=_help("help_sha256"))]
) -> None:
    """Run another model."""
    from edge import commands

    _run(context, lambda: commands.use_model(context.obj, sha256))


@models_app.command("rollback", help=_help("help_model_rollback"))
def model_rollback(context: typer.Context) -> None:
    """Run the model before this one again."""
    from edge import commands

    _run(context, lambda: commands.roll_back_model(context.obj))


@app.command("install-service", help=_help("help_install_service"))
def install_service(
    context: typer.Context,
    root: Annotated[Path, typer.Option(help=_help("help_root"))] = Path("/"),
    only_prints: Annotated[bool, typer.Option("--print", help=_help("help_print"))] = False,
) -> None:
    """Install the files of a systemd service."""
    from edge import service

    _run(context, lambda: service.install_service(context.obj, root, only_prints=only_prints))


@app.command(help=_help("help_doctor"))
def doctor(  # noqa: PLR0913  each is an option of the command
    context: typer.Context,
    model: ModelOption = None,
    source: Annotated[list[str] | None, typer.Option(help=_help("help_camera_source"))] = None,
    picture: Annotated[Path | None, typer.Option(help=_help("help_picture"))] = None,
    rounds: Annotated[int, typer.Option(min=3, max=1000, help=_help("help_rounds"))] = 15,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_help("help_dry_run"))] = False,
    compact: Annotated[bool, typer.Option("--compact", help=_help("help_compact"))] = False,
    if_stale: Annotated[bool, typer.Option("--if-stale", help=_help("help_if_stale"))] = False,
    as_json: Annotated[bool, typer.Option("--json", help=_help("help_json"))] = False,
) -> None:
    """Check this machine and pick how it runs the model."""
    from edge.commands import given_model
    from edge.doctor import Examination
    from edge.doctor import doctor as examine

    asked = Examination(
        model or given_model(context.obj),
        tuple(source or ()),
        picture,
        rounds,
        keeps=not dry_run,
        compact=compact,
        only_stale=if_stale,
    )
    _run(context, lambda: examine(context.obj, asked, as_json=as_json))


def _run(context: typer.Context, work: Callable[[], int], log: LogForm = "text") -> None:
    """Do a command's work and end with its exit code; an error of ours is one line, in the form of its log."""
    from edge.console import Voice

    try:
        code = work()
    except EdgeError as error:
        Voice.of(context.obj.lang, log).complain(error)
        code = error.exit_code
    raise typer.Exit(code)


def main() -> None:
    """Run the command line."""
    app()
