"""docs/security.md answers every requirement of the standard, and names tests that exist."""

import ast
import re
from collections import Counter
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = (REPOSITORY / "docs" / "security.md").read_text("utf-8")
ROW = re.compile(r"^\| (\d+\.\d+\.\d+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
# Level 2 of ASVS 4.0.3: the numbers of each section; those that the standard deleted, or has for level 3 alone, are left out.
LEVEL_2 = {
    "1.1": "1 2 3 4 5 6 7", "1.2": "1 2 3 4", "1.4": "1 4 5", "1.5": "1 2 3 4", "1.6": "1 2 3 4",
    "1.7": "1 2", "1.8": "1 2", "1.9": "1 2", "1.10": "1", "1.11": "1 2", "1.12": "2",
    "1.14": "1 2 3 4 5 6", "2.1": "1 2 3 4 5 6 7 8 9 10 11 12", "2.2": "1 2 3", "2.3": "1 2 3",
    "2.4": "1 2 3 4 5", "2.5": "1 2 3 4 5 6 7", "2.6": "1 2 3", "2.7": "1 2 3 4 5 6",
    "2.8": "1 2 3 4 5 6 7", "2.9": "1 2 3", "2.10": "1 2 3 4", "3.1": "1", "3.2": "1 2 3 4",
    "3.3": "1 2 3 4", "3.4": "1 2 3 4 5", "3.5": "1 2 3", "3.7": "1", "4.1": "1 2 3 5",
    "4.2": "1 2", "4.3": "1 2 3", "5.1": "1 2 3 4 5", "5.2": "1 2 3 4 5 6 7 8",
    "5.3": "1 2 3 4 5 6 7 8 9 10", "5.4": "1 2 3", "5.5": "1 2 3 4", "6.1": "1 2 3",
    "6.2": "1 2 3 4 5 6", "6.3": "1 2", "6.4": "1 2", "7.1": "1 2 3 4", "7.2": "1 2",
    "7.3": "1 3 4", "7.4": "1 2 3", "8.1": "1 2 3 4", "8.2": "1 2 3", "8.3": "1 2 3 4 5 6 7 8",
    "9.1": "1 2 3", "9.2": "1 2 3 4", "10.2": "1 2", "10.3": "1 2 3", "11.1": "1 2 3 4 5 6 7 8",
    "12.1": "1 2 3", "12.2": "1", "12.3": "1 2 3 4 5 6", "12.4": "1 2", "12.5": "1 2", "12.6": "1",
    "13.1": "1 3 4 5", "13.2": "1 2 3 5 6", "13.3": "1 2", "13.4": "1 2", "14.1": "1 2 3 4",
    "14.2": "1 2 3 4 5 6", "14.3": "2 3", "14.4": "1 2 3 4 5 6 7", "14.5": "1 2 3 4",
}  # fmt: skip
STATES = {"met", "not applicable", "open"}


def test_every_requirement_is_answered_once() -> None:
    """None is left out, none is made up."""
    asked = [f"{section}.{number}" for section, all_ in LEVEL_2.items() for number in all_.split()]
    assert [number for number, *_ in ROW.findall(PAGE)] == asked


def test_every_answer_has_a_state_and_a_reason() -> None:
    """Met, not applicable or open; and by what. The numbers at the head are counted from the rows."""
    rows = ROW.findall(PAGE)
    assert {state for _, _, state, _ in rows} == STATES
    assert [number for number, _, _, why in rows if not why.strip()] == []
    counted = Counter(state for _, _, state, _ in rows)
    head = " ".join(PAGE.split("##")[0].split())
    assert f"level 2: {len(rows)} requirements, of which {counted['met']} are met," in head
    assert f"{counted['not applicable']} do not apply and {counted['open']} are open" in head


def test_every_test_that_is_named_exists() -> None:
    """A test that was renamed or deleted no longer holds anything."""
    there: dict[str, set[str]] = {}
    for file in (REPOSITORY / "tests").rglob("test_*.py"):
        tree = ast.parse(file.read_text("utf-8"))
        functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        there.setdefault(file.name, set()).update(functions)
    named = re.findall(r"(test_\w+\.py)(?:::(test_\w+))?", PAGE)
    assert len(named) > 100
    for name, function in named:
        assert name in there, name
        assert not function or function in there[name], f"{name}::{function}"
