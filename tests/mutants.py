"""List the mutants that `make mutants` left alive, and fail when docs/mutants.md does not explain one of them.

mutmut keeps, in mutants/ledger/, each function beside its mutants, and in a .meta file how the tests ended for each.
"""

import ast
import difflib
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

MADE = Path("mutants") / "ledger"
EXPLAINED = Path("docs") / "mutants.md"
# How pytest, or the limit on a run's time, ended it.
_ENDS = {0: "survived", 1: "killed", 3: "killed", None: "not run", 33: "no tests"}


class Mutant(NamedTuple):
    """One change: in which function, how it ended, the lines before and after."""

    file: str
    function: str
    end: str
    before: tuple[str, ...]
    after: tuple[str, ...]


def mutants_of(file: Path) -> Iterator[Mutant]:
    """Yield the mutants of one module, as mutmut left them."""
    text = file.read_text("utf-8")
    lines = text.splitlines()
    functions = {
        node.name: lines[node.lineno - 1 : node.end_lineno]
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef)
    }
    ends = json.loads(Path(f"{file}.meta").read_text("utf-8"))["exit_code_by_key"]
    for key, code in ends.items():
        name = key.rpartition(".")[2]
        function = name.rpartition("__mutmut_")[0]
        changed = list(
            difflib.ndiff(functions[f"{function}__mutmut_orig"][1:], functions[name][1:])
        )
        yield Mutant(
            file.name,
            function.removeprefix("x_").replace("ǁ", "."),
            _ENDS.get(code, "timed out"),
            tuple(line[2:].strip() for line in changed if line.startswith("- ")),
            tuple(line[2:].strip() for line in changed if line.startswith("+ ")),
        )


def main() -> int:
    """Print a line a module and each survivor; return 1 when one is not explained or was not run."""
    # A bar ends a cell of the page's table, so it is written with a stroke before it.
    explained = EXPLAINED.read_text("utf-8").replace(r"\|", "|")
    unexplained = 0
    for meta in sorted(MADE.glob("*.py.meta")):
        found = list(mutants_of(meta.with_suffix("")))
        ends = Counter(mutant.end for mutant in found)
        print(f"{found[0].file}: {len(found)} mutants, {dict(ends)}")  # noqa: T201
        for mutant in found:
            if mutant.end in {"killed", "timed out"}:
                continue
            is_told = all(line in explained for line in mutant.after)
            unexplained += not is_told
            print(  # noqa: T201
                f"  {mutant.end}{'' if is_told else ' (not explained)'}: {mutant.function}\n"
                f"    - {' / '.join(mutant.before)}\n    + {' / '.join(mutant.after)}"
            )
    return int(unexplained > 0)


if __name__ == "__main__":
    sys.exit(main())
