"""Documents that cannot rot: what the READMEs name is there."""

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
READMES = ("README.md", "README.zh-CN.md")
MAKE_TARGETS = set(
    re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
)


@pytest.mark.parametrize("name", READMES)
def test_the_two_commands_stand_in_the_first_30_lines(name: str) -> None:
    """Who opens the README sees at once how to start."""
    head = "\n".join((REPOSITORY / name).read_text(encoding="utf-8").splitlines()[:30])
    assert "make demo" in head
    assert "make test" in head


@pytest.mark.parametrize("name", [*READMES, "CONTRIBUTING.md"])
def test_every_make_command_in_the_documents_exists(name: str) -> None:
    """No document names a make target that is not there."""
    text = (REPOSITORY / name).read_text(encoding="utf-8")
    named = set(re.findall(r"^(?:    )?`?make ([a-z-]+)", text, re.MULTILINE))
    assert named
    assert named <= MAKE_TARGETS


@pytest.mark.parametrize("name", [*READMES, "CONTRIBUTING.md"])
def test_every_linked_file_exists(name: str) -> None:
    """Relative links and pictures lead somewhere."""
    text = (REPOSITORY / name).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        if "://" not in target:
            assert (REPOSITORY / target).exists(), f"{name} links to {target}, which is not there"
