"""A witness cosigns what continues what it saw, remembers it whatever happens, and says what it saw else."""

import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from ledger import errors, log, witness_cli
from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.cosignature import add_cosignatures, cosignatures, verify_cosignatures
from ledger.entry import Record
from ledger.store import MemoryStore
from ledger.witness import MAX_HASHES, WitnessRequest
from ledger.witness_memory import WitnessMemory
from ledger.witness_server import WitnessServer, answer
from tests.unit.ledger.test_note import signing_key

AT = datetime(2026, 11, 25, 8, tzinfo=UTC)
AREA = signing_key("server", "server.example/ledger/area")
RUN = CliRunner()
# The request that c2sp.org/tlog-witness prints as an example.
EXAMPLE = """old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6265kUjw6QUXTS5Rovnzv++qbSzm9Q=
"""


@dataclass
class Log:
    """A log in memory; `lie` makes another history of it."""

    lie: str = ""

    def __post_init__(self) -> None:
        self.store, self.checkpoints = MemoryStore(), dict[int, Checkpoint]()

    def at(self, size: int) -> Checkpoint:
        """Return the checkpoint of a size; the log grows up to it."""
        while self.store.head("area").size < size:
            number = self.store.head("area").size
            data = {"number": number, "lie": self.lie}
            log.append(self.store, "area", Record("test.done", "area", AT, "system", data))
        root = log.root_at(self.store, "area", size)
        return sign_checkpoint(AREA.name, size, root, AREA)

    def request(self, old_size: int, size: int) -> WitnessRequest:
        """Return a request for the checkpoint of a size."""
        checkpoint = self.at(size)
        proof = log.prove_consistency(self.store, "area", old_size, size)
        return WitnessRequest(old_size, proof.hashes, checkpoint)


@pytest.fixture
def memory(tmp_path: Path) -> WitnessMemory:
    """Return a witness that follows the area's log."""
    made = WitnessMemory.create(tmp_path / "witness", "bureau.example/w")
    made.follow(AREA.verifier)
    return made


def test_the_published_example_is_read_and_written() -> None:
    """Byte for byte."""
    request = WitnessRequest.from_text(EXAMPLE)
    assert (request.old_size, len(request.hashes), request.checkpoint.size) == (
        20852014,
        4,
        20852163,
    )
    assert request.to_text() == EXAMPLE


@given(st.integers(0, 40), st.integers(0, 40))
def test_requests_come_back(first: int, second: int) -> None:
    """Written and read."""
    request = Log().request(min(first, second), max(first, second))
    assert WitnessRequest.from_text(request.to_text()) == request


@pytest.mark.parametrize(
    "text",
    [
        "",
        "old 5\n",
        EXAMPLE.replace("old 20852014", "old 020852014"),
        EXAMPLE.replace("old 20852014", "old 20852164"),
        EXAMPLE.replace("old 20852014", "new 20852014"),
        EXAMPLE.replace("PlRN", "!!!!"),
        EXAMPLE.replace("PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=", "AAAA"),
        EXAMPLE.replace("20852163", "many"),
        EXAMPLE.replace("\n\nexample", f"{chr(10)}{'A' * 43}={chr(10)}" * MAX_HASHES + "\nexample"),
        "old 0\n\n" + "x" * (1 << 20),
    ],
)
def test_malformed_requests_are_refused(text: str) -> None:
    """Each with a MalformedRequest."""
    with pytest.raises(errors.MalformedRequest):
        WitnessRequest.from_text(text)


def test_a_witness_follows_a_log(memory: WitnessMemory) -> None:
    """From the empty tree on, over several sizes, and again for the same size; each cosignature holds."""
    growing = Log()
    for number, (old, new) in enumerate([(0, 0), (0, 3), (3, 3), (3, 8), (8, 21)]):
        request = growing.request(old, new)
        line = memory.cosign(request, datetime.fromtimestamp(1000 + number, UTC))
        whole = add_cosignatures(request.checkpoint.text, line)
        (found,) = verify_cosignatures(whole, [memory.key])
        assert found.timestamp == 1000 + number
    (status,) = memory.status()
    assert (status.origin, status.size, status.at) == (AREA.name, 21, 1004)
    assert memory.refusals() == []


def test_a_fork_is_refused_with_both_checkpoints(memory: WitnessMemory) -> None:
    """Another root for the last size, or for one before it; the evidence is kept once, and the true log goes on."""
    true, lying = Log(), Log("lie")
    memory.cosign(true.request(0, 5))
    memory.cosign(true.request(5, 9))
    for size in (5, 9):
        with pytest.raises(errors.ForkSeen, match="forked") as refused:
            memory.cosign(lying.request(size, size))
        assert refused.value.seen == true.at(size).text
        assert refused.value.offered == lying.at(size).text
    with pytest.raises(errors.ForkSeen):
        memory.cosign(lying.request(9, 9))
    assert [refusal.offered for refusal in memory.refusals()] == [
        lying.at(5).text,
        lying.at(9).text,
    ]
    memory.cosign(true.request(9, 10))


def test_a_larger_fork_is_not_continued(memory: WitnessMemory) -> None:
    """Its proof leads from its own history, not from what was seen."""
    true, lying = Log(), Log("lie")
    memory.cosign(true.request(0, 5))
    with pytest.raises(errors.NotContinued, match="not shown to continue") as refused:
        memory.cosign(lying.request(5, 9))
    assert (refused.value.seen, refused.value.offered) == (true.at(5).text, lying.at(9).text)
    assert len(memory.refusals()) == 1


def test_a_rollback_and_a_replay_are_refused(memory: WitnessMemory) -> None:
    """A smaller tree, and a request that was answered before; the size that was seen is told."""
    growing = Log()
    memory.cosign(growing.request(0, 5))
    memory.cosign(growing.request(5, 9))
    with pytest.raises(errors.RollbackSeen, match="rolled back") as refused:
        memory.cosign(growing.request(0, 5))
    assert (refused.value.size, refused.value.seen) == (9, growing.at(9).text)
    with pytest.raises(errors.OldSizeWrong, match="begins at size 5") as replayed:
        memory.cosign(growing.request(5, 9))
    assert replayed.value.size == 9


def test_wrong_keys_and_unknown_logs_are_refused(memory: WitnessMemory) -> None:
    """Another key of the same name, a broken signature, a log that nobody told the witness of."""
    request = Log().request(0, 3)
    thief = signing_key("thief", AREA.name)
    stolen = sign_checkpoint(AREA.name, 3, request.checkpoint.root, thief)
    with pytest.raises(errors.ForeignKey, match="no trusted key"):
        memory.cosign(replace(request, checkpoint=stolen))
    damaged = replace(request.checkpoint, text=request.checkpoint.text.replace("\n3\n", "\n4\n"))
    with pytest.raises(errors.ForeignKey):
        memory.cosign(replace(request, checkpoint=damaged))
    other = AREA.named("server.example/ledger/other")
    foreign = sign_checkpoint(other.name, 0, request.checkpoint.root, other)
    with pytest.raises(errors.UnknownOrigin, match="does not follow"):
        memory.cosign(WitnessRequest(0, (), foreign))
    odd = sign_checkpoint(AREA.name, 0, b"\x01" * 32, AREA)
    with pytest.raises(errors.NotContinued):
        memory.cosign(WitnessRequest(0, (), odd))


def test_a_log_with_a_new_key_goes_on(memory: WitnessMemory) -> None:
    """Both keys are trusted, or only the new one; what was seen stays."""
    growing, new = Log(), signing_key("new", AREA.name)
    memory.cosign(growing.request(0, 3))
    request = growing.request(3, 4)
    resigned = replace(
        request, checkpoint=sign_checkpoint(AREA.name, 4, request.checkpoint.root, new)
    )
    memory.follow(new.verifier)
    memory.cosign(resigned)
    memory.cosign(growing.request(4, 5))
    memory.follow(new.verifier, is_replacing=True)
    with pytest.raises(errors.ForeignKey):
        memory.cosign(growing.request(5, 6))
    assert memory.status()[0].vkeys == (new.vkey,)


def test_of_two_requests_at_once_one_decides_first(tmp_path: Path) -> None:
    """Eight threads ask for different continuations from the same size: one is cosigned, the others are told the new size."""
    folder = tmp_path / "witness"
    WitnessMemory.create(folder, "bureau.example/w").follow(AREA.verifier)
    growing = Log()
    WitnessMemory(folder).cosign(growing.request(0, 4))
    requests = [growing.request(4, size) for size in range(5, 13)]
    results: list[object] = []
    barrier = threading.Barrier(len(requests))

    def ask(request: WitnessRequest) -> None:
        barrier.wait()
        try:
            results.append(WitnessMemory(folder).cosign(request))
        except errors.OldSizeWrong as error:
            results.append(error.size)

    threads = [threading.Thread(target=ask, args=(request,)) for request in requests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = [result for result in results if isinstance(result, str)]
    assert len(lines) == 1
    size = WitnessMemory(folder).status()[0].size
    assert size in range(5, 13)
    assert [result for result in results if not isinstance(result, str)] == [size] * 7


def test_a_witness_that_is_killed_before_it_answers_remembers(tmp_path: Path) -> None:
    """SIGKILL between the write and the answer: the fork is refused afterwards, and the same checkpoint is cosigned again."""
    folder = tmp_path / "witness"
    WitnessMemory.create(folder, "bureau.example/w").follow(AREA.verifier)
    true, lying = Log(), Log("lie")
    (tmp_path / "request").write_text(true.request(0, 5).to_text(), encoding="utf-8")
    program = (
        "import os, signal, sys\nfrom pathlib import Path\n"
        "from ledger import witness_memory\nfrom ledger.witness import WitnessRequest\n"
        "witness_memory.cosign = lambda *args: os.kill(os.getpid(), signal.SIGKILL)\n"
        "request = WitnessRequest.from_text(Path(sys.argv[2]).read_text(encoding='utf-8'))\n"
        "witness_memory.WitnessMemory(Path(sys.argv[1])).cosign(request)\n"
    )
    killed = subprocess.run([sys.executable, "-c", program, str(folder), str(tmp_path / "request")])
    assert killed.returncode == -signal.SIGKILL
    again = WitnessMemory(folder)
    with pytest.raises(errors.ForkSeen):
        again.cosign(lying.request(0, 5))
    with pytest.raises(errors.OldSizeWrong):
        again.cosign(true.request(0, 5))
    again.cosign(true.request(5, 5))


@pytest.fixture
def server(memory: WitnessMemory) -> Iterator[WitnessServer]:
    """Serve the witness."""
    with WitnessServer(("127.0.0.1", 0), memory) as serving:
        thread = threading.Thread(target=serving.serve_forever, args=(0.05,))
        thread.start()
        yield serving
        serving.shutdown()
        thread.join()


def exchange(
    server: WitnessServer, method: str, path: str, body: bytes | None = None, **headers: str
) -> tuple[int, str, str]:
    """Return status, media type and body."""
    host, port = server.server_address[:2]
    connection = http.client.HTTPConnection(str(host), port, timeout=10)
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return response.status, response.getheader("Content-Type", ""), response.read().decode()
    finally:
        connection.close()


def test_the_protocol_over_http(server: WitnessServer, memory: WitnessMemory) -> None:
    """Every status of tlog-witness, with the body that it asks for."""
    true, lying = Log(), Log("lie")

    def post(text: str) -> tuple[int, str, str]:
        return exchange(server, "POST", "/add-checkpoint", text.encode())

    status, _, body = post(true.request(0, 5).to_text())
    assert status == 200
    assert cosignatures(add_cosignatures(true.at(5).text, body), [memory.key])
    assert post(true.request(0, 7).to_text()) == (409, "text/x.tlog.size", "5\n")
    assert post(true.request(0, 3).to_text()) == (409, "text/x.tlog.size", "5\n")
    status, media_type, body = post(lying.request(5, 5).to_text())
    assert (status, media_type) == (409, "text/plain; charset=utf-8")
    assert true.at(5).text in body
    assert lying.at(5).text in body
    status, _, body = post(lying.request(5, 9).to_text())
    assert status == 422
    assert lying.at(9).text in body
    thief = sign_checkpoint(AREA.name, 6, b"\x00" * 32, signing_key("thief", AREA.name))
    assert post(WitnessRequest(5, (), thief).to_text())[0] == 403
    other = AREA.named("server.example/ledger/other")
    foreign = sign_checkpoint(other.name, 6, b"\x00" * 32, other)
    assert post(WitnessRequest(5, (), foreign).to_text())[0] == 404
    assert post("nonsense")[0] == 400
    assert answer(memory, b"\xff")[0] == 400


def test_other_paths_and_lengths_are_refused(server: WitnessServer, memory: WitnessMemory) -> None:
    """GET tells the key; a body without a known, small length is not read."""
    assert exchange(server, "GET", "/") == (
        200,
        "text/plain; charset=utf-8",
        f"{memory.key.to_vkey()}\n",
    )
    assert exchange(server, "GET", "/add-checkpoint")[0] == 404
    assert exchange(server, "POST", "/else", b"x")[0] == 404
    assert exchange(server, "POST", "/add-checkpoint", **{"Content-Length": "99999999"})[0] == 400


@dataclass
class Desk:
    """A clerk at the command line."""

    folder: Path

    def run(self, *arguments: str, code: int = 0) -> str:
        """Run `anxun witness …` and return what it prints."""
        result = RUN.invoke(witness_cli.app, [*arguments, "--dir", str(self.folder / "witness")])
        assert result.exit_code == code, result.output
        return result.output


def test_a_stick_goes_to_the_witness_and_back(tmp_path: Path) -> None:
    """Make, follow, cosign a file, look at it; the answer is the checkpoint with one more line."""
    desk, growing = Desk(tmp_path), Log()
    vkey = desk.run("init", "bureau.example/w").strip()
    assert desk.run("key").strip() == vkey
    assert "nothing cosigned" not in desk.run("status")
    assert AREA.name in desk.run("follow", AREA.vkey)
    assert "nothing cosigned yet" in desk.run("status")
    request = tmp_path / "town.request"
    request.write_text(growing.request(0, 5).to_text(), encoding="utf-8")
    assert "at size 5" in desk.run("cosign", str(request))
    signed = tmp_path / "town.request.cosigned"
    assert verify_cosignatures(
        signed.read_text(encoding="utf-8"), [WitnessMemory(tmp_path / "witness").key]
    )
    assert "there already" in desk.run("cosign", str(request), code=2)
    assert "goes back to the server" in desk.run("cosign", str(signed), code=2)
    again = desk.run("cosign", str(request), "--out", str(tmp_path / "again"), code=1)
    assert "--from 5" in again
    assert "cosigned size 5" in desk.run("status")
    (tmp_path / "photo").write_text("not a note", encoding="utf-8")
    assert "is no request" in desk.run("cosign", str(tmp_path / "photo"), code=2)


def test_a_clerk_sees_what_was_refused(tmp_path: Path) -> None:
    """Fork and rollback in plain words, with both checkpoints, now and later."""
    desk, true, lying = Desk(tmp_path), Log(), Log("lie")
    desk.run("init", "bureau.example/w")
    desk.run("follow", AREA.vkey, "--replace")
    for number, request in enumerate((true.request(0, 5), true.request(5, 6))):
        path = tmp_path / f"good-{number}"
        path.write_text(request.to_text(), encoding="utf-8")
        desk.run("cosign", str(path))
    for word, request in (("forked", lying.request(6, 6)), ("rolled back", true.request(0, 4))):
        path = tmp_path / word
        path.write_text(request.to_text(), encoding="utf-8")
        said = desk.run("cosign", str(path), code=1)
        assert "NOT COSIGNED" in said
        assert word in said
        assert request.checkpoint.text in said
    assert "refused: 2" in desk.run("status")
    evidence = desk.run("refusals")
    assert lying.at(6).text in evidence
    assert true.at(6).text in evidence


def test_wrong_commands_are_answered_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No witness there, one there already, a bad name, a witness's key in the place of a log's, no passphrase."""
    desk = Desk(tmp_path)
    assert "anxun witness init" in desk.run("status", code=2)
    assert "no space" in desk.run("init", "a name", code=2)
    monkeypatch.setenv(witness_cli.PASSPHRASE_VARIABLE, "secret words")
    vkey = desk.run("init", "bureau.example/w").strip()
    assert "never overwritten" in desk.run("init", "bureau.example/w", code=2)
    assert "wanted is an Ed25519 key" in desk.run("follow", vkey, code=2)
    monkeypatch.delenv(witness_cli.PASSPHRASE_VARIABLE)
    assert "passphrase is needed" in desk.run("status", code=2)


def test_a_person_is_asked_for_a_passphrase(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where somebody sits at the keyboard; twice, and not shown."""
    asked: list[str] = []

    def prompt(text: str, **options: object) -> str:
        asked.append(text)
        assert options["hide_input"]
        assert options["confirmation_prompt"] == (not asked[1:])
        return "secret words"

    monkeypatch.setattr(witness_cli, "_is_somebody_there", lambda: True)
    monkeypatch.setattr(witness_cli.typer, "prompt", prompt)
    desk = Desk(tmp_path)
    desk.run("init", "bureau.example/w")
    desk.run("key")
    assert asked == ["Passphrase of the new key (empty: none)", "Passphrase of the witness's key"]
    assert "ENCRYPTED" in (tmp_path / "witness" / "witness.pem").read_text()


def test_the_command_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    """A process of its own, on the base install's modules; Ctrl-C ends it well."""
    desk = Desk(tmp_path)
    desk.run("init", "bureau.example/w")
    program = "from ledger.witness_cli import app; app()"
    folder = str(tmp_path / "witness")
    arguments = [sys.executable, "-c", program, "serve", "--port", "0", "--dir", folder]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        address = said.strip().rsplit("/", 1)[1]
        connection = http.client.HTTPConnection(address, timeout=10)
        connection.request("GET", "/")
        assert connection.getresponse().read().decode().startswith("bureau.example/w+")
        connection.close()
        time.sleep(0.1)
        os.kill(process.pid, signal.SIGINT)
        assert process.wait(20) == 0
        assert "stopped" in process.stdout.read()
