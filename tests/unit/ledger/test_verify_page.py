"""The page for whoever got a bundle explains every refusal."""

import re
from pathlib import Path

import pytest

from ledger import errors

DOCS = Path(__file__).resolve().parents[3] / "docs"


def refusals(kind: type[errors.BundleError] = errors.BundleError) -> set[str]:
    """Return the names of every class below `kind`."""
    below = kind.__subclasses__()
    return {each.__name__ for each in below} | {name for each in below for name in refusals(each)}


@pytest.mark.parametrize("name", ["verify.md", "verify.zh-CN.md"])
def test_every_refusal_is_explained_once(name: str) -> None:
    """No error class without its row, no row without its class, nothing twice."""
    rows = re.findall(r"^\| `([A-Z]\w+)` \| \S", (DOCS / name).read_text("utf-8"), re.MULTILINE)
    assert len(rows) == len(set(rows))
    assert set(rows) == refusals()
