"""`anxun`: administration from the command line, and a server in a process of its own."""

import hashlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from typer.testing import CliRunner

from api.cli import app
from ledger.verify import verify_bundle
from tests.sheets import ENTERPRISES, workbook

PASSWORD = "four words of text"
TERM = ["--from", "2026-01-01", "--until", "2099-12-31"]


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let every command work in a folder of its own."""
    monkeypatch.setenv("ANXUN_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("ANXUN_PASSWORD", raising=False)
    return tmp_path / "data"


def run(*arguments: str, stdin: str | None = None, code: int = 0) -> str:
    """Run a command; return what it printed last."""
    result = CliRunner().invoke(app, arguments, input=stdin)
    assert result.exit_code == code, result.output
    lines = result.output.strip().splitlines()
    return lines[-1] if lines else ""


def set_up() -> str:
    """Set up an area with an enterprise, an expert and an officer; return the enterprise's id."""
    area = run("area", "add", "柳市")
    centre = run("organisation", "add", "service_centre", "服务中心", "--area", area)
    insurer = run("organisation", "add", "insurer", "人保")
    enterprise = run("enterprise", "add", area, "宏达电气", "91330382MA2ABCDE0K", "--high-risk")
    run("enterprise", "plan", enterprise, "基础方案", "P-1", *TERM, "--hazard", "PPE-01")
    run("enterprise", "insure", enterprise, insurer, "I-1", *TERM)
    add = ("user", "add", "Expert", "陈安", "--role", "expert", "--organisation", centre)
    run(*add, stdin=f"{PASSWORD}\n")
    run("user", "assign", "expert", enterprise)
    officer = ("user", "add", "officer", "李", "--role", "enterprise_officer")
    run(*officer, "--enterprise", enterprise, stdin=f"{PASSWORD}\n")
    return enterprise


def test_init_makes_database_and_key(data_dir: Path) -> None:
    """The key is its owner's alone, and is not made twice."""
    run("init")
    key = data_dir / "checkpoint-key.pem"
    assert key.stat().st_mode & 0o777 == 0o600
    before = key.read_bytes()
    run("init")
    assert key.read_bytes() == before


def test_export_verifies(tmp_path: Path) -> None:
    """An export of an enterprise without an entry holds, and no file is overwritten."""
    enterprise = set_up()
    target = tmp_path / "ledger.zip"
    assert run("export", enterprise, str(target)).endswith("0 entries")
    assert verify_bundle(target).entries == 0
    assert "already" in run("export", enterprise, str(target), code=2)
    assert "item" in run("export", enterprise, "other.zip", "--item", enterprise, code=2)


def test_report_is_written_and_recorded(tmp_path: Path) -> None:
    """The file is there, its hash is said, and the next export holds the entry; a file that is there is not replaced."""
    enterprise, target = set_up(), tmp_path / "october.xlsx"
    asked = (
        "report",
        enterprise,
        "--from",
        "2026-10-01",
        "--until",
        "2026-10-31",
        "--format",
        "xlsx",
    )
    said = run(*asked, "--out", str(target))
    assert hashlib.sha256(target.read_bytes()).hexdigest() in said
    assert "already" in run(*asked, "--out", str(target), code=2)
    assert run("export", enterprise, str(tmp_path / "all.zip")).endswith(" 1 entries")


@pytest.mark.parametrize(
    ("option", "value"), [("--from", "2026-11-01"), ("--format", "docx"), ("--section", "L99")]
)
def test_impossible_report_is_a_line(tmp_path: Path, option: str, value: str) -> None:
    """What cannot be is refused before anything is written."""
    options = {"--from": "2026-10-01", "--until": "2026-10-31", "--format": "pdf", option: value}
    words = [word for pair in options.items() for word in pair]
    told = run("report", str(uuid4()), *words, "--out", str(tmp_path / "x"), code=2)
    assert value in told


def test_people_are_administered() -> None:
    """A password may come from the environment; a login is taken once; people can be let go."""
    enterprise = set_up()
    assert "already" in run(
        "user",
        "add",
        "EXPERT",
        "x",
        "--role",
        "enterprise_worker",
        "--enterprise",
        enterprise,
        stdin=f"{PASSWORD}\n",
        code=2,
    )
    run("user", "password", "officer", stdin="another long one\n")
    run("user", "deactivate", "officer")
    assert re.fullmatch(r"(\w{4}-){2}\w{4}", run("enrolment-code", enterprise, "--by", "expert"))


def test_a_sheet_is_imported_for_somebody(tmp_path: Path) -> None:
    """The form is written, looked through with its bad row, and written as the person whose login is given."""
    set_up()
    form, bad = tmp_path / "form.xlsx", tmp_path / "bad.xlsx"
    run("import", "template", "enterprises", str(form))
    bad.write_bytes(workbook(ENTERPRISES, ("12", "短码")))
    centre = ("user", "first", "boss", "吴", "--centre", "中心")
    run(*centre, stdin=f"{PASSWORD}\n")
    look = ("import", "sheet", "enterprises")
    assert "credit code" not in run(*look, str(form), "--by", "boss")
    told = run(*look, str(bad), "--by", "boss", code=1)
    assert told.startswith("2\t统一社会信用代码\t统一社会信用代码不正确\t")
    told = run(*look, str(bad), "--by", "boss", "--english", code=1)
    assert told.startswith("2\t统一社会信用代码\t")
    assert "不正确" not in told
    assert "create" in run(*look, str(form), "--by", "boss", "--apply")
    assert "same" in run(*look, str(form), "--by", "boss", "--apply")
    assert "import" in run(*look, str(form), "--by", "officer", code=2)
    assert "nobody" in run(*look, str(form), "--by", "nobody", code=2)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("user", "deactivate", "nobody"), "no user nobody"),
        (("export", "01920000-0000-7000-8000-000000000000", "x.zip"), "no enterprise"),
        (("enterprise", "add", "01920000-0000-7000-8000-000000000000", "x", "y"), "no pilot area"),
    ],
)
def test_faults_are_a_line(arguments: tuple[str, ...], told: str) -> None:
    """What is wrong is said in a line, with exit code 2."""
    assert told in run(*arguments, code=2)


def test_wrong_input_says_what_to_do() -> None:
    """Short passwords, impossible days and unknown hazards are refused with a reason."""
    enterprise = set_up()
    add = ("user", "add", "w", "W", "--role", "enterprise_worker")
    assert "12 characters" in run(*add, "--enterprise", enterprise, stdin="short\n", code=2)
    assert "--enterprise" in run(*add, stdin=f"{PASSWORD}\n", code=2)
    wrong = (
        "enterprise",
        "plan",
        enterprise,
        "x",
        "P-2",
        "--from",
        "soon",
        "--until",
        "2027-01-01",
    )
    assert "2026-11-24" in run(*wrong, code=2)
    unknown = ("enterprise", "plan", enterprise, "x", "P-2", *TERM, "--hazard", "XXX-01")
    assert "XXX-01" in run(*unknown, code=2)
    organisation = ("organisation", "add", "insurer", "x", "--area", enterprise)
    assert "no pilot area" in run(*organisation, code=2)


def test_sections_due_are_listed_and_reminded_once() -> None:
    """Missing periods are lines of five columns; the reminders go out once."""
    enterprise = set_up()
    listed = CliRunner().invoke(app, ["sections", "due"]).output.splitlines()
    meetings = [line.split("\t") for line in listed if "L04" in line]
    assert ["宏达电气", "L04 安全会议与活动台账", "2026-10", "2026-10-31", "missing"] in meetings
    assert len(CliRunner().invoke(app, ["sections", "due", "--all"]).output.splitlines()) > len(
        listed
    )
    assert run("sections", "due", "--enterprise", enterprise)
    assert "no enterprise" in run("sections", "due", "--enterprise", str(uuid4()), code=2)
    assert not run("sections", "remind").startswith("0 ")
    assert run("sections", "remind") == "0 new reminders"


def test_wrong_settings_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting that cannot be is named, not traced."""
    monkeypatch.setenv("ANXUN_PORT", "many")
    result = CliRunner().invoke(app, ["init"])
    assert result.exit_code == 2
    assert "port" in result.output


def test_openapi_prints_the_document() -> None:
    """The document comes out as committed."""
    result = CliRunner().invoke(app, ["openapi"])
    assert result.stdout == Path("api/web/openapi.json").read_text()


@pytest.fixture
def served(data_dir: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Serve in a process; yield it and its address."""
    command = [sys.executable, "-m", "api.cli", "serve", "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ.copy())
    assert server.stdout is not None
    line = server.stdout.readline()
    address = re.search(r"http://\S+", line)
    assert address is not None, line
    yield server, address[0]
    server.kill()
    server.wait()
    server.stdout.close()


def test_serve_until_it_is_told_to_stop(served: tuple[subprocess.Popen[str], str]) -> None:
    """It says its address, serves with the shipped model, and ends cleanly on SIGTERM."""
    server, address = served
    set_up()
    health = httpx.get(f"{address}/v1/health").json()
    assert health["model_name"] == "anxun-nano"
    signed_in = httpx.post(f"{address}/v1/sessions", json={"login": "expert", "password": PASSWORD})
    assert signed_in.status_code == 201
    server.send_signal(signal.SIGTERM)
    assert server.wait(20) == 0


def test_base_install_names_the_extra(tmp_path: Path) -> None:
    """Without the server's packages `anxun` starts, verifies, and says what to install for the rest."""
    script = (
        "import sys\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in {'fastapi', 'sqlalchemy', 'sqlmodel', 'pydantic_settings', 'cv2'}:\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Absent())\n"
        "from api.cli import main\n"
        "main()\n"
    )

    def anxun(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", script, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    assert anxun("--help").returncode == 0
    assert anxun("verify", "--help").returncode == 0
    refused = anxun("serve")
    assert refused.returncode == 3
    assert "pip install 'anxun[server]'" in refused.stderr


def test_first_administrator(data_dir: Path) -> None:
    """The first person of a server comes from its command line, once; there is no password that came with it."""
    password = f"{PASSWORD}\n"
    run("user", "first", "boss", "陈局", "--centre", "柳市服务中心", stdin=password)
    assert "administrator already" in run("user", "first", "other", "X", stdin=password, code=2)
    run("organisation", "add", "government", "应急管理局")
