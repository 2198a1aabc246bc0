"""The demonstration, as `make demo ONCE=1` runs it, on a folder of its own."""

import os
from pathlib import Path

import pytest

from api.demo import run
from ledger.verify import verify_bundle

MEDIA = Path(__file__).resolve().parents[2] / "var" / "media"


@pytest.mark.timeout(900)
def test_the_demonstration_ends_with_a_closed_ticket_and_a_verified_ledger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Real photos, a real clip, real HTTP, the shipped model: findings, a closed ticket, a verified bundle."""
    if not (MEDIA / "media.json").is_file():
        message = "the real photos are missing: make media"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    monkeypatch.setattr(run, "HOME", tmp_path / "demo")
    monkeypatch.setattr(run, "MEDIA", MEDIA)
    assert run.run_demo(once=True) == 0
    printed = capfd.readouterr().out
    for word in ("PPE-01", "closed", "GOOD", "verified", "anxun-demo-2026"):
        assert word in printed
    for name, magic in (("ledger.zip", b"PK"), ("hazard.zip", b"PK"), ("ledger.pdf", b"%PDF")):
        file = tmp_path / "demo" / name
        assert str(file) in printed.replace("\n", "")
        assert file.read_bytes().startswith(magic)
    key = (tmp_path / "demo" / "ledger.vkey").read_text("utf-8").strip()
    report = verify_bundle(tmp_path / "demo" / "hazard.zip", trusted_vkeys=[key])
    assert report.is_partial
    # Seen, confirmed, ticket opened, assigned, started, submitted, reinspected: seven at least.
    assert report.entries >= 7
    assert report.evidence_files >= 2


def test_missing_photos_are_named_with_their_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without the photos the demonstration says how to get them, and touches nothing."""
    monkeypatch.setattr(run, "HOME", tmp_path / "demo")
    monkeypatch.setattr(run, "MEDIA", tmp_path / "none")
    assert run.run_demo(once=True) == 1
    assert not (tmp_path / "demo").exists()
