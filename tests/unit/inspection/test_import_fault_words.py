"""Every fault that an import can name has its Chinese words, and nothing else has."""

import ast
from pathlib import Path

import inspection.importing
from inspection.importing.fault_words import CHINESE, words_of
from inspection.importing.sheet import RowFault

FOLDER = Path(inspection.importing.__file__).parent


def _codes() -> set[str]:
    """Return the codes in the source: by what makes a fault, and how many arguments it has, the place of the code."""
    places = {("RowFault", 5): 2, ("_fault", 6): 3, ("_fault", 5): 2, ("ValueError", 3): 0}
    found = set()
    for file in FOLDER.glob("*.py"):
        for call in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
                at = places.get((call.func.id, len(call.args)))
                if at is not None and isinstance(call.args[at], ast.Constant):
                    found.add(call.args[at].value)
    return found


def test_every_code_has_its_words() -> None:
    """A code without them would end the command with a traceback."""
    assert len(_codes()) > 20
    assert _codes() == set(CHINESE)


def test_both_languages() -> None:
    """Chinese by the code, English with what the cell itself said."""
    fault = RowFault(3, "片区", "area", "'x' is none of your areas", "write one of your areas")
    assert words_of(fault, is_chinese=True) == CHINESE["area"]
    assert words_of(fault, is_chinese=False) == (fault.message, fault.advice)
