"""`anxun-edge` and `python -m edge`: starts the program, or says which extra is missing."""

import os
import sys
from types import ModuleType
from typing import cast

MISSING = "anxun-edge needs more than the base install: pip install 'anxun[edge]' (missing: {})"
OWN = frozenset({"edge", "inspection", "models"})


def lighten() -> None:
    """Leave out what other packages would bring along at the start and nothing here uses."""
    # A thread a core that spins while the program starts: no matrices are multiplied here but by the model's runtime.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # httpx has a command line of its own, with two more packages; it does without where they are not installed.
    # None is what `import` takes as absent.
    cast(dict[str, ModuleType | None], sys.modules).setdefault("httpx._main", None)


def main() -> None:
    """Run the command line. Ends with a sentence where a package of the extra `edge` is not there."""
    lighten()
    try:
        from edge.cli import main as run
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] in OWN:
            raise
        raise SystemExit(MISSING.format(error.name)) from None
    run()


if __name__ == "__main__":
    main()
