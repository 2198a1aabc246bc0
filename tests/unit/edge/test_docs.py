"""The user's chapter names every command, option, exit code and setting."""

import re
from pathlib import Path

import typer

from edge.cli import app
from edge.errors import EdgeError
from edge.settings import Settings

CHAPTER = (Path(__file__).parents[3] / "docs" / "edge.md").read_text("utf-8")


def test_every_command_and_option_is_documented() -> None:
    """What the program takes is in the chapter."""
    group = typer.main.get_group(app)
    for name, command in group.commands.items():
        assert f"anxun-edge {name}" in CHAPTER
        for parameter in command.params:
            long = [option for option in parameter.opts if option.startswith("--")]
            assert not long or any(option in CHAPTER for option in long), (name, long)


def test_every_setting_and_exit_code_is_documented() -> None:
    """So is what it reads and how it ends."""
    for name in set(Settings.model_fields) - {"lang"}:
        assert f"`{name.upper()}`" in CHAPTER
    codes = {EdgeError.exit_code}
    kinds = list(EdgeError.__subclasses__())
    while kinds:
        kind = kinds.pop()
        codes.add(kind.exit_code)
        kinds += kind.__subclasses__()
    documented = {int(code) for code in re.findall(r"^\| (\d+)", CHAPTER, re.MULTILINE)}
    assert codes <= documented
