"""The chapter on the sections says what the data says, in both languages."""

import re
from datetime import date
from pathlib import Path

import pytest

from inspection.section_rules import section_writers
from inspection.sections import ledger_sections

TODAY = date(2026, 11, 25)
DOCS = Path(__file__).parents[3] / "docs"
CHAPTERS = [pytest.param(name, id=name) for name in ("ledger.md", "ledger.zh-CN.md")]


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_frequency_is_explained(name: str) -> None:
    """An officer finds the words of each card's frequency in the table."""
    text = (DOCS / name).read_text("utf-8")
    rows = " ".join(re.findall(r"^\| (\S*[每年实变按][^|]*)\|", text, re.MULTILINE))
    for section in ledger_sections().values():
        assert section.frequency in re.split(r"[,、\s]+", rows), section.frequency


@pytest.mark.parametrize(
    ("name", "begins"), [("ledger.md", "possible for"), ("ledger.zh-CN.md", "可以标记的是")]
)
def test_sections_that_may_not_apply_are_named(name: str, begins: str) -> None:
    """Just those of the data."""
    text = (DOCS / name).read_text("utf-8")
    sentence = text[text.index(begins) :].splitlines()[0]
    named = re.findall(r"L\d\d", sentence.split("; ")[0])
    assert named == [
        code for code in ledger_sections() if section_writers(code, TODAY).may_be_absent
    ]


@pytest.mark.parametrize(
    ("name", "begins"), [("ledger.md", "workers too in"), ("ledger.zh-CN.md", "驻点专家；L")]
)
def test_sections_that_workers_write_are_named(name: str, begins: str) -> None:
    """Just those of the data."""
    text = (DOCS / name).read_text("utf-8")
    sentence = re.split(r"[.。]", text[text.index(begins) :])[0]
    wanted = [
        code
        for code in ledger_sections()
        if "enterprise_worker" in section_writers(code, TODAY).roles
    ]
    assert re.findall(r"L\d\d", sentence) == wanted
