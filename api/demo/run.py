"""Run the demonstration: start the server, load the town, patrol, watch, fix, verify, and keep serving."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import httpx
from rich.console import Console
from rich.table import Table

from api.auth import hash_password
from api.demo.people import Answer, Person
from api.demo.sections import keep_sections
from api.demo.town import ACCOUNTS, ENTERPRISES, PASSWORD, Town, load_town
from api.settings import Settings
from inspection.database import make_engine, write_sessions
from inspection.plans import china_day
from inspection.taxonomy import hazard_type
from inspection.wire import utc_now

HOME = Path("var/demo")
MEDIA = Path("var/media")
PORT = 8000
# Twenty times what an idle machine needs: a crowded one, or a small board, takes its time to import.
_START_TIMEOUT_S = 180.0
DEMONSTRATED = "head,no_vest"
# The picture that stands for "after the fix": a workshop without people.
AFTER_PHOTO = "photos/motorcycle-left.png"
PHONE_PHOTO = "photos/two-people.jpg"
CLIP = "clips/street-bikes.mp4"
# A pipe has no width of its own; 80 columns would break every name.
console = Console(width=None if sys.stdout.isatty() else 132)


def run_demo(*, once: bool) -> int:
    """Run it all in `var/demo`, which is made anew each time. Returns the exit status."""
    if not (MEDIA / "media.json").is_file():
        console.print("The real photos are not there yet. Fetch them with: make media")
        return 1
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir(parents=True)
    environment = os.environ | {
        "ANXUN_DATA_DIR": str(HOME / "server"),
        "ANXUN_PORT": str(_free_port(PORT)),
        "ANXUN_CHECKPOINT_INTERVAL_S": "2",
        "ANXUN_EDGE_DATA_DIR": str(HOME / "edge"),
        "ANXUN_LANG": "en",
        # What the photos and the clip show; a label that is not experimental any more is simply on.
        "ANXUN_EXPERIMENTAL": DEMONSTRATED,
        "ANXUN_EDGE_EXPERIMENTAL": DEMONSTRATED,
    }
    address = f"http://127.0.0.1:{environment['ANXUN_PORT']}"
    town = _load_town(environment)
    with _server(environment, address) as server:
        _say_switches(address)
        _show(_walk(town, environment, address), address)
        if once:
            return 0
        console.print("The server keeps running. Press Ctrl+C to end it.")
        with suppress(KeyboardInterrupt):
            return server.wait()
    return 0


def _say_switches(address: str) -> None:
    """Say which hazards rest on experimental labels that this demonstration switches on, and what stays off."""
    health = httpx.get(f"{address}/v1/health").raise_for_status().json()
    for key, text in (
        ("hazards_on_trial", "Experimental labels, switched on for this demonstration only"),
        ("hazards_off", "Experimental labels, off as everywhere unless you switch them on"),
    ):
        if health[key]:
            listed = ", ".join(f"{each['label']} ({each['hazard_code']})" for each in health[key])
            console.print(f"{text}: {listed}")
    console.print(
        f"Switched on by ANXUN_EXPERIMENTAL={DEMONSTRATED} (and ANXUN_EDGE_EXPERIMENTAL)."
    )


def _experimental_codes(address: str) -> frozenset[str]:
    health = httpx.get(f"{address}/v1/health").raise_for_status().json()
    return frozenset(each["hazard_code"] for each in health["hazards_on_trial"])


def _walk(town: Town, environment: dict[str, str], address: str) -> list[UUID]:
    plant = town.enterprise_ids[0]
    console.rule("An edge box enrols, patrols real photos and watches a real clip")
    with Person(address, "officer") as officer:
        code = officer.make_enrolment_code(plant)
    _edge(environment, "enrol", address, code, "--name", "edge-box-1")
    _edge(environment, "patrol", str(MEDIA / "photos"))
    _edge(environment, "watch", str(MEDIA / CLIP), "--camera", "gate", "--fps", "5")
    _edge(environment, "deliver", "--wait")
    console.rule("An expert inspects with a phone; the server proposes; the expert confirms")
    with Person(address, "expert") as expert, Person(address, "officer") as officer:
        _fix(expert, officer, plant, address)
        console.rule("The officer keeps the sections of the ledger")
        written = keep_sections(officer, plant, china_day(utc_now()), MEDIA / AFTER_PHOTO)
        console.print(f"{written} records were written; the app shows what is missing.")
    return [plant]


def _fix(expert: Person, officer: Person, plant: UUID, address: str) -> None:
    seen = expert.inspect(plant, "二号车间", MEDIA / PHONE_PHOTO)
    console.print(f"The server proposed {len(seen)} findings on the phone's photo.")
    # The phone's first; the edge box's where the model saw nothing on the phone's.
    waiting = seen + expert.findings(plant, state="proposed")
    if not waiting:
        console.print("The model proposed nothing at all, so there is nothing to fix.")
        return
    first, *others = {finding["item_id"]: finding for finding in reversed(waiting)}.values()
    ticket = expert.confirm(first, "现场复核属实")
    console.print(f"The expert confirmed {first['hazard_code']}: ticket {ticket['number']} opened.")
    for other in others[:1]:
        expert.confirm(other, "现场复核属实")
    with Person(address, "worker") as worker:
        officer.take_step(ticket, "assignment", assignee_id=worker.id, note="请今天完成")
        worker.take_step(ticket, "start", note="开始整改")
        after = worker.put_evidence(plant, MEDIA / AFTER_PHOTO)
        worker.take_step(ticket, "submission", note="已发放安全帽并教育", evidence_sha256s=[after])
    expert.take_step(ticket, "reinspection", passed=True, note="复查合格", evidence_sha256s=[after])
    console.print("A worker fixed it with an after-photo; the expert, a second person, closed it.")


def _show(plants: list[UUID], address: str) -> None:
    for plant in plants:
        with Person(address, "expert") as expert:
            _print_findings(expert.findings(plant), _experimental_codes(address))
            _print_tickets(expert.tickets(plant))
            _verify(expert, plant)
    _print_accounts(address)


def _print_findings(findings: list[Answer], experimental: frozenset[str]) -> None:
    table = Table(title=f"Found by the model: {len(findings)} findings")
    for column in ("hazard", "", "from", "findings", "best confidence", "state", "label"):
        table.add_column(column)
    groups = Counter(
        (finding["hazard_code"], finding["source"]["kind"], finding["state"])
        for finding in findings
    )
    for (code, source, state), count in sorted(groups.items()):
        best = max(
            finding["confidence"]
            for finding in findings
            if (finding["hazard_code"], finding["source"]["kind"], finding["state"])
            == (code, source, state)
        )
        kind = hazard_type(code)
        quality = "experimental" if code in experimental else ""
        table.add_row(code, kind.name_en, source, str(count), f"{best:.2f}", state, quality)
    console.print(table)


def _print_tickets(tickets: list[Answer]) -> None:
    table = Table(title=f"Remediation tickets: {len(tickets)}")
    for column in ("number", "hazard", "level", "state", "deadline", "basis"):
        table.add_column(column)
    for ticket in tickets:
        deadline = (
            datetime.fromisoformat(ticket["deadline"]).astimezone().strftime("%Y-%m-%d %H:%M")
        )
        checked = "" if ticket["is_basis_checked"] else " (to be verified)"
        table.add_row(
            ticket["number"], ticket["hazard_code"], ticket["level"], ticket["state"], deadline,
            ticket["basis"] + checked,
        )  # fmt: skip
    console.print(table)


def _verify(person: Person, plant: UUID) -> None:
    console.rule("The ledger, exported and checked by `anxun verify`")
    console.print(person.wait_for_checkpoint(plant), highlight=False)
    bundle, key = HOME / "ledger.zip", HOME / "ledger.vkey"
    person.export(plant, bundle, key)
    _run(
        [_program("anxun"), "verify", str(bundle), "--key", str(key)],
        dict(os.environ),
    )
    console.print(f"[bold green]verified[/]: {bundle} against the key in {key}")
    _hand_out(person, plant)


def _hand_out(person: Person, plant: UUID) -> None:
    """Write what an inspector asks for: one hazard from sighting to closed ticket, and the year on paper."""
    closed = [ticket for ticket in person.tickets(plant) if ticket["state"] == "closed"]
    if closed:
        bundle = HOME / "hazard.zip"
        person.export_item(plant, closed[0]["item_id"], bundle)
        console.print(f"One hazard with its evidence and proofs: {bundle} (anxun verify {bundle})")
    today, paper = china_day(utc_now()), HOME / "ledger.pdf"
    report = person.report(plant, today.replace(month=1, day=1), today, paper)
    console.print(f"The ledger as PDF, A4, sha256 {report['sha256'][:16]}…: {paper}")


def _print_accounts(address: str) -> None:
    table = Table(title=f"{address} · every password: {PASSWORD}")
    for column in ("login", "name", "role", "enterprise"):
        table.add_column(column)
    for account in ACCOUNTS:
        enterprise = "" if account.enterprise is None else ENTERPRISES[account.enterprise].name
        table.add_row(account.login, account.name, account.role.value, enterprise)
    console.print(table)


def _edge(environment: dict[str, str], *arguments: str) -> None:
    console.print(f"[dim]$ anxun-edge {' '.join(arguments)}[/]")
    _run([_program("anxun-edge"), *arguments], environment)


def _run(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(command, env=environment, check=False)  # noqa: S603  our own programs
    if done.returncode:
        msg = f"{' '.join(command)} ended with {done.returncode}"
        raise SystemExit(msg)


@contextmanager
def _server(environment: dict[str, str], address: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run `anxun serve` beside this process; its output goes to a log in the demonstration's folder."""
    log = HOME / "server.log"
    with log.open("wb") as output:
        server = subprocess.Popen(  # noqa: S603  our own program
            [_program("anxun"), "serve"],
            env=environment, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            _wait_until_up(server, address, log)
            yield server
        finally:
            server.send_signal(signal.SIGTERM)
            try:
                server.wait(timeout=20)
            except subprocess.TimeoutExpired:
                server.kill()


def _wait_until_up(server: "subprocess.Popen[bytes]", address: str, log: Path) -> None:
    until = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < until and server.poll() is None:
        try:
            if httpx.get(f"{address}/v1/health").is_success:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    msg = f"the server did not start; its log:\n{log.read_text(encoding='utf-8', errors='replace')}"
    raise SystemExit(msg)


def _load_town(environment: dict[str, str]) -> Town:
    _run([_program("anxun"), "init"], environment)
    settings = Settings(data_dir=Path(environment["ANXUN_DATA_DIR"]))
    engine = make_engine(settings.database_address)
    with write_sessions(engine).begin() as session:
        town = load_town(session, hash_password, datetime.now(UTC).date())
    engine.dispose()
    return town


def _program(name: str) -> str:
    """Return the installed program beside this interpreter: the very one that a user would call."""
    return str(Path(sys.executable).with_name(name))


def _free_port(wanted: int) -> int:
    """Return the wanted port, or one that the system chooses when it is taken."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    msg = "no free port was found on 127.0.0.1"
    raise SystemExit(msg)
