"""`anxun model release`, `list` and `offer`: models for edge boxes."""

import json
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from api.cli_models import model_app, out
from api.faults import plain_faults

OWN = "own"


@model_app.command("release")
def model_release(
    bundle: Annotated[
        Path, typer.Argument(help="NAME.json of the model, with NAME.onnx beside it")
    ],
) -> None:
    """Check a model's files and keep it on the server, so that boxes may be given it. Offers it to nobody yet."""
    from api.admin import open_office
    from api.settings import Settings
    from inspection import boxes
    from inspection.scopes import SYSTEM
    from inspection.wire import utc_now
    from models.bundle import load_bundle
    from models.running import FP32, Running

    with plain_faults():
        # It has to load, and its hash to be the one that is named, before any box sees it.
        detector = load_bundle(bundle, running=Running("onnxruntime:cpu", FP32))
        description = json.loads(bundle.read_bytes())
        data = (bundle.parent / str(description["file"])).read_bytes()
        with open_office(Settings()) as office:
            released = boxes.Released(description, data)
            boxes.release_model(office.session, released, SYSTEM.name, utc_now())
    out.print(f"{detector.sha256}  {detector.name} {detector.version}, {len(data)} bytes")


@model_app.command("list")
def model_list() -> None:
    """Show the models that boxes may be given, newest first."""
    from api.admin import open_office
    from api.settings import Settings
    from inspection import boxes

    with plain_faults(), open_office(Settings()) as office:
        for row in boxes.releases(office.session):
            at = f"{row.released_at:%Y-%m-%d %H:%M}"
            out.print(f"{row.sha256}  {row.name} {row.version}, {row.size} bytes, {at}")


@model_app.command("offer")
def model_offer(
    sha256: Annotated[
        str, typer.Argument(help="of `anxun model list`; own: the one that a box has")
    ],
    *,
    enterprise: Annotated[
        UUID | None, typer.Option(help="to this enterprise's boxes; left out: to all boxes")
    ] = None,
) -> None:
    """Say which model boxes are to run. Each tries it on a picture of its own first, and keeps the old one."""
    from api.admin import open_office
    from api.settings import Settings
    from inspection import boxes
    from inspection.scopes import SYSTEM
    from inspection.wire import utc_now

    with plain_faults(), open_office(Settings()) as office:
        chosen = None if sha256 == OWN else sha256
        to = boxes.OfferTo(enterprise_id=enterprise)
        boxes.offer_model(office.session, to, chosen, SYSTEM, utc_now())
    out.print(f"{sha256} is offered to {'all boxes' if enterprise is None else enterprise}")
