"""`anxun dataset` and `anxun model`: from people's decisions to the question whether a new model is better."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from models.comparison import Comparison, Figures

dataset_app = typer.Typer(no_args_is_help=True, help="Experts' decisions as training data.")
model_app = typer.Typer(no_args_is_help=True, help="Models: is a new one better?")
out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

EXIT_CODES = {"release": 0, "refuse": 1, "undecided": 3}


@dataset_app.command("export")
def dataset_export(
    target: Path,
    *,
    enterprise: Annotated[
        list[UUID] | None, typer.Option(help="of this one only; may be repeated")
    ] = None,
    since: Annotated[str | None, typer.Option("--from", help="first day, YYYY-MM-DD")] = None,
    until: Annotated[str | None, typer.Option(help="last day, YYYY-MM-DD")] = None,
) -> None:
    """Write confirmations, dismissals and redrawn boxes to TARGET, a .zip or a folder, as a YOLO data set.

    Heads are not blurred in it: it is personal data, and the export is in the access log.
    """
    from api.admin import open_office
    from api.settings import Settings
    from inspection.training_data import Taken

    with _faults():
        taken = Taken.of_days(_day(since), _day(until))
        with open_office(Settings()) as office:
            report = office.export_dataset(enterprise or [], taken, target)
    images = ", ".join(f"{split} {count}" for split, count in report["images"].items())
    out.print(f"{target}: pictures: {images}; without a box: {report['background_images']}")
    if report["left_out"]:
        out.print(f"left out: {report['left_out']} (manifest.json says why)", style="yellow")


@model_app.command("compare")
def model_compare(  # noqa: PLR0913  each is an option of the command
    running: Annotated[Path, typer.Argument(help="NAME.json of the model that runs now")],
    candidate: Annotated[Path, typer.Argument(help="NAME.json of the new one")],
    dataset: Annotated[Path, typer.Argument(help="folder of `anxun dataset export`")],
    *,
    split: Annotated[str, typer.Option(help="train, val, test, or all")] = "test",
    points: Annotated[float, typer.Option(min=0, help="AP50 or recall may lose so much")] = 2.0,
    alarms: Annotated[
        float, typer.Option(min=0, help="so many more false alarms in 100 pictures are allowed")
    ] = 2.0,
    least: Annotated[int, typer.Option(min=1, help="boxes, or pictures, to judge by")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON instead of tables")] = False,
) -> None:
    """Compare a new model with the running one on exported decisions. Exit code: 0 release, 1 refuse, 3 too little data."""
    with _faults():
        from models.bundle import load_bundle
        from models.comparison import Rule, compare

        rule = Rule(points=points, alarms=alarms, least_objects=least, least_pictures=least)
        if split not in ("train", "val", "test", "all"):
            _fail(f"a split is train, val, test or all, not {split!r}")
        old, new = load_bundle(running), load_bundle(candidate)
        result = compare(old, new, dataset, split=split, rule=rule, progress=_progress)
    if as_json:
        out.print_json(json.dumps(asdict(result)))
    else:
        _show(result, (old.name, old.version), (new.name, new.version))
        out.print(f"Rule: {rule}.")
        for reason in (*result.reasons, *result.doubts):
            out.print(f"- {reason}", markup=False)
        out.print(f"Verdict: {result.verdict}", style="bold")
    raise typer.Exit(EXIT_CODES[result.verdict])


def _show(result: "Comparison", old: tuple[str, str], new: tuple[str, str]) -> None:
    title = f"{' '.join(old)} → {' '.join(new)}, {result.pictures} pictures"
    table = Table(title=title, show_lines=False)
    heads = ("label", "boxes", "recall", "AP50", "precision", "pictures without", "false alarms")
    for head in heads:
        table.add_column(head, justify="left" if head == "label" else "right", no_wrap=True)
    for label in dict.fromkeys([*result.running, *result.candidate]):
        before, after = result.running.get(label), result.candidate.get(label)
        shown = before or after
        if shown is None or not (shown.objects or shown.absent_pictures):
            continue
        name = label if label in result.in_use else f"{label} (not in use)"
        table.add_row(
            name,
            str(shown.objects),
            *(_pair(before, after, figure) for figure in ("recall", "ap50", "precision")),
            str(shown.absent_pictures),
            f"{_count(before)} → {_count(after)}",
        )
    Console(width=max(out.width, 150)).print(table)


def _pair(before: "Figures | None", after: "Figures | None", figure: str) -> str:
    old, new = (getattr(each, figure) if each is not None else None for each in (before, after))
    if old is None or new is None:
        return f"{_share(old)} → {_share(new)}"
    return f"{_share(old)} → {_share(new)} ({100 * (new - old):+.1f})"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _count(figures: "Figures | None") -> str:
    return "–" if figures is None else str(figures.false_alarms)


def _progress(files: Iterable[Path]) -> Iterable[Path]:
    from rich.progress import track

    return track(list(files), description="pictures", console=err, transient=True)


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        _fail(f"{text!r} is no day like 2026-11-24")


def _fail(message: str) -> NoReturn:
    err.print(message, style="red", markup=False)
    raise typer.Exit(2)


@contextmanager
def _faults() -> Iterator[None]:
    """Say what is wrong in a line instead of a trace."""
    from inspection.errors import InspectionError
    from ledger.errors import LedgerError
    from models.errors import DatasetError, ModelError

    try:
        yield
    except (InspectionError, LedgerError, ModelError, DatasetError, OSError) as error:
        _fail(str(error))
