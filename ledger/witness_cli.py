"""`anxun witness`: a party's own witness, on a machine that has only the base install."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from ledger.checkpoint import parse_checkpoint
from ledger.cosignature import add_cosignatures
from ledger.errors import LedgerError, NoteError, OldSizeWrong, RollbackSeen, WitnessError
from ledger.keys import is_encrypted
from ledger.note import VerifierKey
from ledger.witness import WitnessRequest
from ledger.witness_memory import KEY_FILE, WitnessMemory
from ledger.witness_server import WitnessServer

PASSPHRASE_VARIABLE = "ANXUN_WITNESS_PASSPHRASE"  # noqa: S105  a name, not a secret
FOLDER_VARIABLE = "ANXUN_WITNESS_DIR"
NEW_KEY, OLD_KEY = "Passphrase of the new key (empty: none)", "Passphrase of the witness's key"

app = typer.Typer(
    no_args_is_help=True,
    help="A party's witness: it cosigns what continues what it saw before, and nothing else. 见证：联署检查点。",
)
Folder = Annotated[
    Path, typer.Option("--dir", envvar=FOLDER_VARIABLE, help="the witness's folder / 见证目录")
]
HERE = Path("witness")


@app.command()
def init(name: str, folder: Folder = HERE) -> None:
    """Make a witness called NAME (such as yingji.example.gov.cn/witness) and print its public key. 新建见证。"""
    with _faults():
        memory = WitnessMemory.create(folder, name, _passphrase(NEW_KEY))
    typer.echo(memory.key.to_vkey())


@app.command()
def key(folder: Folder = HERE) -> None:
    """Print the witness's public key: give it to the operator, and to whoever verifies. 显示公钥。"""
    with _opened(folder) as memory:
        typer.echo(memory.key.to_vkey())


@app.command()
def follow(
    vkey: str,
    folder: Folder = HERE,
    *,
    replace: Annotated[
        bool, typer.Option("--replace", help="trust only this key of the log from now on")
    ] = False,
) -> None:
    """Cosign the log of this public key from now on. Get the key by another way than the requests. 跟随一个账本。"""
    with _opened(folder) as memory:
        trusted = VerifierKey.from_vkey(vkey)
        memory.follow(trusted, is_replacing=replace)
    typer.echo(f"follows {trusted.name}")


@app.command()
def status(folder: Folder = HERE) -> None:
    """List the logs that are followed, how far, and how much was refused. 状态。"""
    with _opened(folder) as memory:
        typer.echo(memory.key.to_vkey())
        for log in memory.status():
            seen = "nothing cosigned yet"
            if log.size is not None and log.at is not None:
                seen = f"cosigned size {log.size} at {_time(log.at)}"
            typer.echo(f"{log.origin}: {seen}; trusted keys: {', '.join(log.vkeys)}")
        refused = memory.refusals()
    typer.echo(f"refused: {len(refused)}" + ("; see: anxun witness refusals" if refused else ""))


@app.command()
def refusals(folder: Folder = HERE) -> None:
    """Print what was refused, with both signed checkpoints: the evidence. 拒绝联署的记录与证据。"""
    with _opened(folder) as memory:
        for refusal in memory.refusals():
            typer.echo(f"=== {_time(refusal.at)} {refusal.origin}\n{refusal.reason}\n")
            typer.echo(f"--- cosigned before\n{refusal.seen}\n--- offered\n{refusal.offered}")


@app.command()
def cosign(
    request: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    out: Annotated[
        Path | None, typer.Option(help="file to write; REQUEST.cosigned when left out")
    ] = None,
    folder: Folder = HERE,
) -> None:
    """Cosign a request that came on a stick, and write the answer to carry back. 联署U盘带来的请求。"""
    target = out or request.with_name(f"{request.name}.cosigned")
    with _opened(folder) as memory:
        asked = _read_request(request)
        if target.exists():
            _fail(f"{target} is there already; choose another name with --out")
        line = memory.cosign(asked)
        target.write_text(
            add_cosignatures(asked.checkpoint.text, line), encoding="utf-8", newline="\n"
        )
    checkpoint = asked.checkpoint
    typer.echo(
        f"cosigned {checkpoint.origin} at size {checkpoint.size}, root {checkpoint.root.hex()}"
    )
    typer.echo(f"carry back: {target}")


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="port; 0 takes a free one")] = 8420,
    folder: Folder = HERE,
) -> None:
    """Cosign over HTTP (C2SP tlog-witness) until it is told to stop. 通过HTTP联署。"""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    with _opened(folder) as memory, WitnessServer((host, port), memory) as server:
        shown, taken = server.server_address[:2]
        typer.echo(f"anxun witness serves at http://{shown!s}:{taken}")
        sys.stdout.flush()
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            typer.echo("stopped")


def _read_request(path: Path) -> WitnessRequest:
    text = path.read_text(encoding="utf-8")
    if not text.startswith("old "):
        try:
            checkpoint = parse_checkpoint(text)
        except NoteError:
            _fail(f"{path} is no request: ask the operator for one (anxun witness request)")
        _fail(
            f"{path} is a checkpoint of {checkpoint.origin}, not a request; a file that was cosigned goes back "
            "to the server (anxun witness import)"
        )
    return WitnessRequest.from_text(text)


def _passphrase(question: str) -> str:
    """Return the passphrase of the key: from a variable, or asked for where a person sits; none elsewhere."""
    given = os.environ.get(PASSPHRASE_VARIABLE)
    if given is None and _is_somebody_there():
        is_new = question == NEW_KEY
        given = str(
            typer.prompt(
                question,
                default="",
                show_default=False,
                hide_input=True,
                confirmation_prompt=is_new,
            )
        )
    return given or ""


def _is_somebody_there() -> bool:
    return sys.stdin.isatty()


def _time(timestamp: int) -> str:
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


@contextmanager
def _opened(folder: Path) -> Iterator[WitnessMemory]:
    with _faults():
        yield WitnessMemory(folder, _passphrase(OLD_KEY) if is_encrypted(folder / KEY_FILE) else "")


@contextmanager
def _faults() -> Iterator[None]:
    """Say what is wrong in plain lines: 1 for what a witness must not cosign, 2 for anything else."""
    try:
        yield
    except WitnessError as error:
        _refuse(error)
    except (LedgerError, UnicodeDecodeError, OSError) as error:
        _fail(str(error))


def _refuse(error: WitnessError) -> NoReturn:
    typer.echo(f"NOT COSIGNED 拒绝联署: {error}", err=True)
    if isinstance(error, OldSizeWrong) and not isinstance(error, RollbackSeen):
        typer.echo(
            f"ask the operator for a request from there: anxun witness request --from {error.size}",
            err=True,
        )
    if error.seen:
        typer.echo(f"--- cosigned before\n{error.seen}\n--- offered now\n{error.offered}", err=True)
        typer.echo("both are kept: anxun witness refusals", err=True)
    raise typer.Exit(1)


def _fail(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(2)
