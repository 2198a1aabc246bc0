"""Class names from a stranger's metadata."""

import pytest

from models.errors import LabelsInvalid
from models.labels import MAX_CHARACTERS, MAX_LABEL_CHARACTERS, labels_from_metadata


@pytest.mark.parametrize(
    "names",
    ["{0: 'person', 1: '安全帽'}", "{1: '安全帽', 0: 'person'}", "['person', '安全帽']"],
)
def test_names_come_in_the_order_of_class_ids(names: str) -> None:
    """A dict in any order and a list are read alike."""
    assert labels_from_metadata({"names": names, "task": "detect"}) == ("person", "安全帽")


@pytest.mark.parametrize(
    ("names", "why"),
    [
        (None, "has no `names`"),
        ("{0: 'person'", "is no Python literal"),
        ("__import__('os').getcwd()", "is no Python literal"),
        ("0" + "+0" * 10, "is no Python literal"),
        ("'person'", "neither a dict nor a list"),
        ("{0: 'person', 2: 'head'}", "without a gap"),
        ("{'0': 'person'}", "without a gap"),
        ("{0: 'person', True: 'head'}", "without a gap"),
        ("{}", "is empty"),
        ("['person', ' ']", "must be a text"),
        ("['person', 3]", "must be a text"),
        (f"['{'x' * (MAX_LABEL_CHARACTERS + 1)}']", "must be a text"),
        ("['person', 'person']", "used twice"),
        ("[" * (MAX_CHARACTERS + 1), "characters"),
        ("(" * 50_000, "is no Python literal"),
    ],
)
def test_what_are_no_names_is_refused_and_says_why(names: str | None, why: str) -> None:
    """Nothing is evaluated, guessed or numbered through."""
    with pytest.raises(LabelsInvalid, match=why):
        labels_from_metadata({} if names is None else {"names": names})
