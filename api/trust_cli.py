"""`anxun key …`, and what the server does in `anxun witness …`: add, list, remove, request, import."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer
from rich.console import Console

from api.faults import fail, plain_faults
from ledger.witness_cli import app as witness_app

if TYPE_CHECKING:
    from sqlmodel import Session

NEW_PASSPHRASE_VARIABLE = "ANXUN_NEW_KEY_PASSPHRASE"  # noqa: S105  a name, not a secret

key_app = typer.Typer(no_args_is_help=True, help="Keys that sign checkpoints. 签名密钥。")
out = Console(highlight=False, soft_wrap=True)


@key_app.command("create")
def key_create() -> None:
    """Make the first key, encrypted if ANXUN_KEY_PASSPHRASE is set. `anxun serve` does it too. 新建密钥。"""
    from api.key_desk import create_first_key
    from api.settings import Settings

    with plain_faults():
        out.print(create_first_key(Settings()), markup=False)


@key_app.command("list")
def key_list() -> None:
    """List the key files, and how many logs each signs. 列出密钥。"""
    from api.key_desk import open_key_desk
    from api.settings import Settings

    with plain_faults(), open_key_desk(Settings()) as desk:
        for line in desk.lines():
            out.print(line, markup=False)


@key_app.command("rotate")
def key_rotate() -> None:
    """Make a new key and announce it in every log; the old key signs its last checkpoint. 轮换密钥。"""
    from api.key_desk import open_key_desk
    from api.settings import Settings

    with plain_faults(), open_key_desk(Settings()) as desk, _progress() as told:
        path = desk.rotate(told)
        out.print(f"the new key is {path}: back it up, apart from the data", markup=False)
        out.print("keep the old file too. Witnesses must follow the areas' new keys:", markup=False)
        _print_area_keys()


@key_app.command("replace")
def key_replace(
    reason: Annotated[str, typer.Option(help="what happened to the key; it stands in the ledgers")],
) -> None:
    """Announce a new key in every log whose key file is lost for good. 密钥遗失后更换。"""
    from api.key_desk import open_key_desk
    from api.settings import Settings

    with plain_faults(), open_key_desk(Settings()) as desk, _progress() as told:
        path, count = desk.replace(reason, told)
        out.print(f"the new key is {path}; it signs {count} logs: back it up now", markup=False)
        out.print(
            "Call every witness. Once they follow the areas' new keys (with --replace) and have cosigned, "
            "verifiers that trust them accept the new key:",
            markup=False,
        )
        _print_area_keys()


@key_app.command("protect")
def key_protect() -> None:
    """Encrypt the key files with another passphrase (ANXUN_NEW_KEY_PASSPHRASE, or asked for). 更换口令。"""
    from api.key_desk import open_key_desk
    from api.settings import Settings

    new = os.environ.get(NEW_PASSPHRASE_VARIABLE)
    if new is None:
        if not sys.stdin.isatty():
            fail(f"set {NEW_PASSPHRASE_VARIABLE}, or run this at a terminal")
        new = typer.prompt("New passphrase", hide_input=True, confirmation_prompt=True)
    with plain_faults(), open_key_desk(Settings()) as desk:
        for path in desk.protect(str(new)):
            out.print(path, markup=False)
    out.print("set ANXUN_KEY_PASSPHRASE to it before the next start")


@witness_app.command("add")
def witness_add(
    area: UUID,
    vkey: str,
    *,
    url: Annotated[str, typer.Option(help="where it serves; without it, files are carried")] = "",
    organisation: Annotated[UUID | None, typer.Option(help="the party that it belongs to")] = None,
) -> None:
    """Server: let a witness cosign an area's checkpoints; print its id. 为片区登记见证。"""
    from api.witnesses import add_witness

    with _session() as session:
        row = add_witness(session, area, vkey, url=url, organisation_id=organisation)
        out.print(str(row.id))


@witness_app.command("list")
def witness_list(area: UUID) -> None:
    """Server: list an area's witnesses and how far each followed; print the area's key. 列出片区的见证。"""
    from api.witnesses import witness_states

    with _session() as session:
        for state in witness_states(session, area):
            seen = "nothing yet" if state.seen is None else f"size {state.seen.size}"
            how = state.row.url or "by file"
            refusal = f"; REFUSED: {state.row.refusal}" if state.row.refusal else ""
            out.print(
                f"{state.row.id} {state.row.vkey} {how}: cosigned {seen}{refusal}", markup=False
            )
    _print_area_keys(area)


@witness_app.command("remove")
def witness_remove(area: UUID, witness: UUID) -> None:
    """Server: ask a witness no more; its cosignatures stay. 停用见证。"""
    from api.witnesses import witness_of

    with _session() as session:
        witness_of(session, area, witness).is_active = False


@witness_app.command("request")
def witness_request(
    area: UUID,
    witness: UUID,
    target: Path,
    *,
    old_size: Annotated[
        int | None, typer.Option("--from", help="size that the witness says it cosigned last")
    ] = None,
) -> None:
    """Server: write the file that is carried to a witness without network. 导出待联署文件。"""
    from api.witnesses import request_for, witness_of

    with _session() as session:
        asked = request_for(session, area, witness_of(session, area, witness), old_size)
        try:
            with target.open("x", encoding="utf-8", newline="\n") as file:
                file.write(asked.to_text())
        except FileExistsError:
            fail(f"{target} is there already; choose another name")
        checkpoint = asked.checkpoint
        out.print(f"{target}: {checkpoint.origin}, size {checkpoint.size}, from {asked.old_size}")


@witness_app.command("import")
def witness_import(area: UUID, answer: Path) -> None:
    """Server: take the file that a witness cosigned. 导入已联署文件。"""
    from api.witnesses import take_cosigned

    with _session() as session:
        for found in take_cosigned(session, area, answer.read_text(encoding="utf-8")):
            out.print(f"{found.key.name} cosigned at {found.at:%Y-%m-%d %H:%M:%SZ}", markup=False)


def _print_area_keys(area: UUID | None = None) -> None:
    from sqlmodel import select

    from api.parts import open_keys
    from api.settings import Settings
    from inspection.journal import area_log_id_of
    from inspection.tables import PilotArea

    signers = open_keys(Settings())
    with _session() as session:
        for row in session.exec(select(PilotArea)):
            if area in {None, row.id}:
                vkey = signers.vkey(session, area_log_id_of(row.id))
                out.print(f"{row.name}: anxun witness follow '{vkey}'", markup=False)


@contextmanager
def _session() -> Iterator["Session"]:
    from api.database import upgrade_database
    from api.parts import open_database
    from api.settings import Settings
    from inspection.database import write_sessions

    with plain_faults():
        engine = open_database(Settings())
        try:
            upgrade_database(engine)
            with write_sessions(engine).begin() as session:
                yield session
        finally:
            engine.dispose()


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    with typer.progressbar(length=1, label="logs", file=sys.stderr) as bar:

        def told(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        yield told
