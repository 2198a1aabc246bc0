"""`anxun verify`: exit codes, both languages, JSON, and output that an export can't take over."""

import ast
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ledger import errors, texts
from ledger.cli import app
from tests.assets import make_bundles

FOLDER = make_bundles.FOLDER
VKEY = make_bundles.KEY.vkey
GOOD, BAD = str(FOLDER / "good-full.zip"), str(FOLDER / "content-byte-flipped.zip")
RUN = CliRunner()


def no_evidence(sha256: str) -> io.BytesIO:
    """Open nothing."""
    raise KeyError(sha256)


def test_a_good_export_is_told_in_full() -> None:
    """Log, size, root, times, entries, evidence, and no caution with a trusted key."""
    result = RUN.invoke(app, ["verify", GOOD, "--key", VKEY, "--lang", "en"])
    assert result.exit_code == 0
    for said in (
        "GOOD",
        "log: log.example/ledger/plant-1",
        "tree size: 12",
        "all 12 entries",
        "time range: 2026-11-24T08:00:00.000000Z – 2026-11-24T09:17:00.000000Z",
        "3 files, ",
        VKEY,
    ):
        assert said in result.output
    assert "CAUTION" not in result.output
    chinese = RUN.invoke(app, ["verify", GOOD, "--key", VKEY, "--lang", "zh"])
    assert "通过" in chinese.output


def test_without_a_key_the_output_warns() -> None:
    """In both languages, with what to do."""
    assert "--key" in RUN.invoke(app, ["verify", GOOD, "--lang", "en"]).output
    assert "注意" in RUN.invoke(app, ["verify", GOOD, "--lang", "zh"]).output


def test_erased_and_partial_exports_say_so() -> None:
    """What was not checked is told."""
    erased = RUN.invoke(app, ["verify", str(FOLDER / "good-erased.zip"), "--lang", "en"])
    assert "content of 1 entries was erased (indices 5)" in erased.output
    older = str(FOLDER / "older.checkpoint")
    path = str(FOLDER / "good-partial.zip")
    partial = RUN.invoke(app, ["verify", path, "--pin", older, "--lang", "en"])
    assert "3 chosen entries" in partial.output
    assert "can't be compared" in partial.output


def test_a_lie_is_named_and_the_exit_code_is_1() -> None:
    """Fault and place, in both languages."""
    english = RUN.invoke(app, ["verify", BAD, "--lang", "en"])
    assert english.exit_code == 1
    assert "REFUSED" in english.output
    assert "ContentMismatch" in english.output
    assert "at: entry 3" in english.output
    chinese = RUN.invoke(app, ["verify", BAD, "--lang", "zh"])
    assert "第 3 条记录" in chinese.output
    cut = RUN.invoke(app, ["verify", str(FOLDER / "archive-cut-off.zip"), "--lang", "en"])
    assert cut.exit_code == 1
    assert "at:" not in cut.output


def test_json_is_for_programs() -> None:
    """The report, or the fault."""
    good = json.loads(RUN.invoke(app, ["verify", GOOD, "--json"]).stdout)
    assert (good["ok"], good["tree_size"], good["cautions"]) == (True, 12, ["own_key"])
    result = RUN.invoke(app, ["verify", BAD, "--json"])
    bad = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (bad["ok"], bad["error"], bad["index"]) == (False, "ContentMismatch", 3)


def test_keys_come_from_files_too(tmp_path: Path) -> None:
    """A vkey a line, with remarks; an untrusted signer is refused."""
    file = tmp_path / "keys"
    file.write_text(f"# the operator's\n\n{VKEY}\n")
    assert RUN.invoke(app, ["verify", GOOD, "--key", str(file)]).exit_code == 0
    other = make_bundles.OTHER_KEY.vkey
    assert RUN.invoke(app, ["verify", GOOD, "--key", other]).exit_code == 1


@pytest.mark.parametrize(
    "arguments", [["--key", "a+b+c"], ["--key", "nowhere"], ["--pin", BAD], ["--pin", "nowhere"]]
)
def test_bad_arguments_are_no_verdict(arguments: list[str]) -> None:
    """Exit code 2, and a message."""
    result = RUN.invoke(app, ["verify", GOOD, *arguments, "--lang", "en"])
    assert result.exit_code == 2
    assert result.output


@pytest.mark.parametrize(
    ("locale", "said"), [("zh_CN.UTF-8", "通过"), ("de_DE.UTF-8", "GOOD"), ("", "")]
)
def test_the_language_is_that_of_the_machine(
    locale: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless --lang says otherwise."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    if locale:
        monkeypatch.setenv("LC_ALL", locale)
    assert said in RUN.invoke(app, ["verify", GOOD]).output


def test_an_export_without_a_title_has_no_line_for_it(tmp_path: Path) -> None:
    """And an empty log has no time range."""
    store = make_bundles.MemoryStore()
    checkpoint = make_bundles.publish_checkpoint(store, "x", make_bundles.KEY)
    path = tmp_path / "x.zip"
    make_bundles.write_bundle(path, store, "x", checkpoint, no_evidence, VKEY)
    output = RUN.invoke(app, ["verify", str(path), "--lang", "en"]).output
    assert "title" not in output
    assert "time range: –" in output


def test_an_export_can_not_write_to_the_terminal(tmp_path: Path) -> None:
    """C1 control characters and rich markup of a title come out as harmless text."""
    members = make_bundles.full()
    manifest = json.loads(members["manifest.json"]) | {"title": "\x9b2J[bold]x\u202e"}
    changed = members | {"manifest.json": json.dumps(manifest).encode()}
    path = tmp_path / "x.zip"
    path.write_bytes(make_bundles.zipped("x", changed | {"extra\x9b2J[bold]": b""}))
    output = RUN.invoke(app, ["verify", str(path), "--lang", "en"]).output
    assert "\x9b" not in output
    assert "[bold]" in output


def test_every_fault_has_a_chinese_name_and_every_text_both_languages() -> None:
    """So that no message falls back to a class name."""

    def classes(kind: type[errors.BundleError]) -> set[str]:
        return {kind.__name__}.union(*(classes(child) for child in kind.__subclasses__()))

    assert set(texts.FAULTS_ZH) == classes(errors.BundleError)
    assert set(texts.CHINESE) == set(texts.ENGLISH)


def test_the_tree_of_errors_is_drawn_as_it_is() -> None:
    """Each public class stands in the drawing, once."""
    drawn = [line.strip("│├└─ ").split()[0] for line in (errors.__doc__ or "").splitlines()[2:]]
    tree = ast.parse(Path(errors.__file__).read_text(encoding="utf-8"))
    defined = [n.name for n in tree.body if isinstance(n, ast.ClassDef)]
    assert sorted(drawn) == sorted(name for name in defined if not name.startswith("_"))


def test_verifying_needs_no_database() -> None:
    """Neither the log's writing side nor any database package is imported."""
    program = (
        "import sys, ledger.cli, ledger.verify; "
        "print(sorted({'sqlalchemy','sqlmodel','ledger.sql','ledger.log'} & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


def test_witnesses_are_told_and_asked_for() -> None:
    """From a file or as text; one is wanted of whoever is named; more than are named can't be."""
    path, stripped = str(FOLDER / "good-with-area.zip"), str(FOLDER / "cosignatures-stripped.zip")
    keys = ["--key", VKEY, "--key", str(FOLDER / "area.vkey")]
    both = ["--witness", str(FOLDER / "witnesses.vkey")]
    good = RUN.invoke(app, ["verify", path, *keys, *both, "--need", "2", "--lang", "en"])
    assert good.exit_code == 0, good.output
    for said in (
        "area log: log.example/ledger/area-1 of size 3 covers the first 8 entries",
        "insurer.example/witness on 2026-11-24T14:00:00.000000Z for the first 8 entries",
        "also signed by stranger.example/witness",
        "vouch for the first 8 of 12 entries",
    ):
        assert said in good.output
    lone = RUN.invoke(app, ["verify", stripped, *keys, *both, "--lang", "zh"])
    assert lone.exit_code == 1
    assert "联署的可信见证方不足" in lone.output
    assert RUN.invoke(app, ["verify", stripped, *keys, *both, "--need", "0"]).exit_code == 0
    beyond = RUN.invoke(app, ["verify", path, *both, "--need", "3", "--lang", "en"])
    assert beyond.exit_code == 2
    wrong = RUN.invoke(app, ["verify", path, "--witness", VKEY, "--lang", "en"])
    assert wrong.exit_code == 2
