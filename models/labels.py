"""Class names from an ONNX file's metadata, as ultralytics writes them: `names` = "{0: 'person', 1: 'helmet'}"."""

import ast
from collections.abc import Mapping

from models.errors import LabelsInvalid

# A model of thousands of classes is none of ours; a literal of megabytes is an attack on the parser.
MAX_CHARACTERS = 100_000
MAX_LABEL_CHARACTERS = 64


def labels_from_metadata(metadata: Mapping[str, str]) -> tuple[str, ...]:
    """Return the class names in the order of their class ids.

    `names` is a Python literal: a dict from 0…C-1 to names (ultralytics), or a list of names. It is parsed as a
    literal and never evaluated.

    Raises:
        LabelsInvalid: it is missing, no literal, has gaps, or a name that is empty, too long or used twice.
    """
    text = metadata.get("names")
    if text is None:
        raise LabelsInvalid("the metadata has no `names`")
    if len(text) > MAX_CHARACTERS:
        raise LabelsInvalid(f"`names` has {len(text)} characters")
    try:
        names = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
        raise LabelsInvalid(f"`names` is no Python literal ({text[:60]!r})") from error
    return _checked(_in_order(names))


def _in_order(names: object) -> list[object]:
    if isinstance(names, list | tuple):
        return list(names)
    if not isinstance(names, dict):
        raise LabelsInvalid(f"`names` is a {type(names).__name__}, neither a dict nor a list")
    if set(names) != set(range(len(names))) or any(isinstance(key, bool) for key in names):
        raise LabelsInvalid(
            f"class ids must be 0 to {len(names) - 1} without a gap, not {list(names)[:20]}"
        )
    return [names[class_id] for class_id in range(len(names))]


def _checked(names: list[object]) -> tuple[str, ...]:
    if not names:
        raise LabelsInvalid("`names` is empty")
    labels = tuple(name for name in names if isinstance(name, str) and name.strip())
    if len(labels) != len(names) or any(len(label) > MAX_LABEL_CHARACTERS for label in labels):
        raise LabelsInvalid(
            f"every name must be a text of 1 to {MAX_LABEL_CHARACTERS} characters: {names[:20]}"
        )
    if len(set(labels)) != len(labels):
        raise LabelsInvalid(f"a name is used twice: {list(labels)[:20]}")
    return labels
