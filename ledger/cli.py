"""`anxun verify BUNDLE`: check an export on a machine that has only the base install."""

import json
import locale
import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from ledger.errors import BundleError, NoteError
from ledger.texts import CHINESE, ENGLISH, FAULTS_ZH, Texts
from ledger.verify import Caution, Report, verify_bundle
from ledger.verify import Progress as Told

app = typer.Typer(add_completion=False)


class Language(StrEnum):
    """What messages are written in."""

    ZH = "zh"
    EN = "en"


@app.callback()
def _ledger() -> None:
    """Check ledger exports."""


@app.command()
def verify(  # noqa: PLR0913  one option a thing to trust or to print
    bundle: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="the export (.zip) / 导出包")
    ],
    key: Annotated[
        list[str] | None,
        typer.Option(help="trusted public key: a vkey, or a file of them / 可信公钥或其文件"),
    ] = None,
    witness: Annotated[
        list[str] | None,
        typer.Option(help="a trusted witness's key: a vkey, or a file of them / 可信见证方公钥"),
    ] = None,
    need: Annotated[
        int | None,
        typer.Option(min=0, help="how many of them must have cosigned; 1 if any / 至少几方联署"),
    ] = None,
    pin: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="a checkpoint seen before / 先前见过的检查点"
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON / 输出 JSON")] = False,
    lang: Annotated[Language | None, typer.Option(help="zh or en / 语言")] = None,
) -> None:
    """Check an export without its server: exit code 0 when it holds, 1 when not, 2 for bad arguments. 离线核验导出包。"""
    language = lang or _language_here()
    texts = CHINESE if language is Language.ZH else ENGLISH
    console, errors = Console(highlight=False), Console(stderr=True, highlight=False)
    try:
        vkeys = [vkey for text in key or () for vkey in _vkeys(text)]
        witnesses = [vkey for text in witness or () for vkey in _vkeys(text)]
        wanted = _wanted(need, witnesses, texts)
        pinned = None if pin is None else pin.read_text(encoding="utf-8")
        with _progress(errors, texts, is_shown=not as_json) as told:
            report = verify_bundle(
                bundle,
                trusted_vkeys=vkeys,
                witness_vkeys=witnesses,
                need=wanted,
                pinned=pinned,
                progress=told,
            )
    except BundleError as error:
        if as_json:
            typer.echo(json.dumps(_fault(error), ensure_ascii=False, indent=2))
        else:
            _show_fault(errors, texts, language, error)
        raise typer.Exit(1) from error
    except (NoteError, UnicodeDecodeError, OSError) as error:
        _say(errors, texts["bad_argument"].format(error=error), "red")
        raise typer.Exit(2) from error
    if as_json:
        typer.echo(json.dumps({"ok": True, **report.model_dump(mode="json")}, ensure_ascii=False))
    else:
        _show_report(console, texts, report)


def _wanted(need: int | None, witnesses: list[str], texts: Texts) -> int:
    """Whoever names witnesses wants one at least."""
    if need is None:
        return 1 if witnesses else 0
    if need > len(set(witnesses)):
        raise typer.BadParameter(
            texts["needs_witnesses"].format(need=need, given=len(set(witnesses)))
        )
    return need


def _language_here() -> Language:
    named = next(
        (os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)),
        locale.getlocale()[0] or "",
    )
    return Language.ZH if named.lower().startswith(("zh", "chinese")) else Language.EN


def _vkeys(text: str) -> list[str]:
    """Take a vkey as it is; read anything else as a file with a vkey a line."""
    if text.count("+") >= 2 and not Path(text).is_file():
        return [text]
    lines = Path(text).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


@contextmanager
def _progress(console: Console, texts: Texts, *, is_shown: bool) -> Iterator[Told]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True, disable=not is_shown) as bar:
        tasks: dict[str, TaskID] = {}

        def told(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(texts[f"{stage}_stage"], total=total)
            bar.update(tasks[stage], completed=done)

        yield told


def _fault(error: BundleError) -> dict[str, object]:
    return {
        "ok": False,
        "error": type(error).__name__,
        "message": str(error),
        "index": error.index,
        "member": error.member,
        "offset": error.offset,
    }


def _show_fault(console: Console, texts: Texts, language: Language, error: BundleError) -> None:
    name = type(error).__name__
    fault = FAULTS_ZH[name] if language is Language.ZH else name
    _say(console, texts["bad"], "bold red")
    _say(console, f"{texts['fault']}: {fault}")
    _say(console, f"  {error}")
    entry = None if error.index is None else texts["entry"].format(index=error.index)
    byte = None if error.offset is None else texts["byte"].format(offset=error.offset)
    places = [place for place in (entry, error.member, byte) if place is not None]
    if places:
        _say(console, f"{texts['where']}: {', '.join(places)}")


def _show_report(console: Console, texts: Texts, report: Report) -> None:
    scope = texts["partial" if report.is_partial else "whole"].format(entries=report.entries)
    files = texts["files"].format(files=report.evidence_files, bytes=report.evidence_bytes)
    rows = {
        "title": report.title,
        "origin": report.origin,
        "tree_size": str(report.tree_size),
        "root": report.root,
        "scope": scope,
        "times": f"{report.first_at} – {report.last_at}" if report.first_at else "–",
        "evidence": files,
        "signed_by": ", ".join(report.signed_by),
        "key_changes": "; ".join(
            texts["key_change"].format(**one.model_dump()) for one in report.key_changes
        ),
        "area": _area(texts, report),
        "witnesses": "; ".join(
            texts["witnessed"].format(**one.model_dump()) for one in report.witnesses
        ),
    }
    _say(console, texts["good"], "bold green")
    for name, value in rows.items():
        if value:
            _say(console, f"{texts[name]}: {value}")
    for caution in report.cautions:
        _say(console, _caution(texts, caution, report), "yellow")


def _caution(texts: Texts, caution: Caution, report: Report) -> str:
    named = ", ".join(str(index) for index in report.erased_indices)
    more = "" if len(report.erased_indices) == report.erased else ", …"
    return texts[caution.value].format(
        erased=report.erased,
        indices=named + more,
        unknown=", ".join(report.unknown_witnesses),
        witnessed=report.witnessed_size,
        tree_size=report.tree_size,
    )


def _area(texts: Texts, report: Report) -> str:
    return "" if report.area is None else texts["covered"].format(**report.area.model_dump())


def _say(console: Console, text: str, style: str | None = None) -> None:
    """Print one line as it is: what an export says is neither markup nor terminal control."""
    shown = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)
    console.print(shown, style=style, markup=False, soft_wrap=True)
