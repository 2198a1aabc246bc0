"""The project's own lint: every query of a table of enterprises is confined to enterprises that the caller may see.

`python -m tests.scope_lint` is part of `make lint`. It reads the source as a tree, and asks two things:

1. A function that reads, changes or deletes rows of a table that has an enterprise or a ledger, by `select`, `update`, `delete`
   `session.get` or `page_of`, confines them: it compares a column that confines (`CONFINED_BY`), gives the enterprise as the first part of the
   key, compares the row's `enterprise_id` afterwards, or asks the scope (`inspection.scopes`) itself.
2. A route whose path names an enterprise takes it as `EnterpriseId`, or as something that depends on it (`GUARDS`): then
   `Scope.require` has said 404 before anything else is done. A bare `UUID` is refused.

What cannot be so, the system's own work over all enterprises, stands in `ALLOWED` with its reason; an entry that is needed no more is
refused as well. On PostgreSQL row policies stand behind this (docs/adr/0022-row-policies.md).
"""

import ast
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import SQLModel

from api.database import METADATA
from api.row_security import condition_of
from tests.scope_lint_allowed import ALLOWED

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("api", "inspection")
STATEMENTS = frozenset({"select", "update", "delete"})
GETS = frozenset({"get", "get_one"})
# Reads the table that is its second argument, whole where it is given no condition.
PAGES = frozenset({"page_of"})
ASKS_SCOPE = frozenset(
    {"require", "require_role", "require_keeper", "enterprise_ids", "_seen", "_own", "is_of"}
)
# What confines besides `enterprise_id`: a person's own rows, a secret that only its holder knows, a place that was asked about.
CONFINED_BY: Mapping[str, frozenset[str]] = {
    "Enterprise": frozenset({"id"}),
    "Membership": frozenset({"user_id", "organisation_id"}),
    "ExpertAssignment": frozenset({"user_id"}),
    "Invitation": frozenset({"token_sha256", "organisation_id"}),
    "EnrolmentCode": frozenset({"code_sha256"}),
    "Device": frozenset({"token_sha256", "id"}),
    "Notice": frozenset({"user_id"}),
    "AccessLog": frozenset({"actor"}),
}
# What a route takes in place of a bare id: each depends on `own_enterprise`.
GUARDS = frozenset(
    {"EnterpriseId", "EnterprisePlace", "Viewing", "Uploader", "Taker", "EnterpriseFilter"}
)


@dataclass(frozen=True)
class Fault:
    """A query or a route that is not confined."""

    module: str
    function: str
    line: int
    what: str

    @property
    def key(self) -> str:
        """How `ALLOWED` names it."""
        return f"{self.module}:{self.function}"

    def __str__(self) -> str:
        """Return the line that the lint prints."""
        return f"{self.module}:{self.line} {self.function}: {self.what}"


def scoped_tables() -> frozenset[str]:
    """Return the classes of the tables that row policies cover."""
    mappers = SQLModel._sa_registry.mappers
    covered = {table.name for table in METADATA.sorted_tables if condition_of(table) is not None}
    return frozenset(
        mapper.class_.__name__
        for mapper in mappers
        if mapper.local_table.name in covered  # type: ignore[attr-defined]
    )


def faults_of(source: str, module: str, tables: frozenset[str]) -> Iterator[Fault]:
    """Yield the faults of one file; `ALLOWED` is not asked."""
    for name, function in _functions(ast.parse(source)):
        for table, line in sorted(_tables_read(function, tables).items()):
            if not _is_confined(function, table):
                what = f"rows of {table} are not confined to the caller's enterprises"
                yield Fault(module, name, line, what)
        if module.startswith("api/routes/") and _names_enterprise(function):
            taken = {_annotation(argument) for argument in _arguments(function)}
            if not taken & GUARDS:
                what = "the path names an enterprise, but nothing asks whether it is the caller's"
                yield Fault(module, name, function.lineno, what)


def check(files: Mapping[str, str], allowed: Mapping[str, str]) -> list[str]:
    """Return what is wrong with these files (source by path): faults that are not allowed, allowances that are not needed."""
    tables = scoped_tables()
    faults = [
        fault for module, source in files.items() for fault in faults_of(source, module, tables)
    ]
    needed = {fault.key for fault in faults} | {fault.module for fault in faults}
    wrong = [
        str(fault) for fault in faults if fault.key not in allowed and fault.module not in allowed
    ]
    wrong += [f"{key}: allowed, and nothing there needs it" for key in allowed if key not in needed]
    return wrong + [f"{key}: allowed without a reason" for key, why in allowed.items() if not why]


def source_files() -> dict[str, str]:
    """Return the program's files by path."""
    found = (file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py")))
    return {
        file.relative_to(ROOT).as_posix(): file.read_text("utf-8")
        for file in found
        if not {"node_modules", "versions", "tables"} & set(file.parts)
    }


_Function = ast.FunctionDef | ast.AsyncFunctionDef


def _functions(tree: ast.AST, above: str = "") -> Iterator[tuple[str, _Function]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, _Function):
            yield above + node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from _functions(node, f"{above}{node.name}.")
        else:
            yield from _functions(node, above)


def _tables_read(function: _Function, tables: frozenset[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
        name = _called(call)
        named = (
            call.args if name in STATEMENTS
            else call.args[:1] if name in GETS
            else call.args[1:2] if name in PAGES
            else []
        )  # fmt: skip
        for argument in named:
            for node in ast.walk(argument):
                if isinstance(node, ast.Name) and node.id in tables:
                    found.setdefault(node.id, call.lineno)
    return found


def _is_confined(function: _Function, table: str) -> bool:
    columns = CONFINED_BY.get(table, frozenset()) | {"enterprise_id", "log_id"}
    for node in ast.walk(function):
        if isinstance(node, ast.Attribute) and node.attr in ASKS_SCOPE:
            return True
        if isinstance(node, ast.Call) and _called(node) in ASKS_SCOPE:
            return True
        if isinstance(node, ast.Compare) and _compares(node, table, columns):
            return True
        if (
            isinstance(node, ast.Call)
            and _called(node) == "in_"
            and _is_column(node.func, table, columns)
        ):
            return True
        if isinstance(node, ast.Call) and _called(node) in GETS and _is_keyed(node, table):
            return True
    return False


def _compares(node: ast.Compare, table: str, columns: frozenset[str]) -> bool:
    sides = (node.left, *node.comparators)
    is_equal = isinstance(node.ops[0], ast.Eq | ast.NotEq)
    row = (
        side for side in sides if isinstance(side, ast.Attribute) and side.attr == "enterprise_id"
    )
    # `row.enterprise_id != enterprise_id`, after the row was got.
    is_of_row = any(isinstance(side.value, ast.Name) and side.value.id != table for side in row)
    return is_equal and (is_of_row or any(_is_column(side, table, columns) for side in sides))


def _is_column(side: ast.AST, table: str, columns: frozenset[str]) -> bool:
    return any(
        isinstance(node, ast.Attribute)
        and node.attr in columns
        and isinstance(node.value, ast.Name)
        and node.value.id == table
        for node in ast.walk(side)
    )


def _is_keyed(call: ast.Call, table: str) -> bool:
    if len(call.args) < 2 or not (isinstance(call.args[0], ast.Name) and call.args[0].id == table):
        return False
    key = call.args[1]
    first = key.elts[0] if isinstance(key, ast.Tuple) and key.elts else key
    return (isinstance(first, ast.Name) and first.id == "enterprise_id") or (
        isinstance(first, ast.Attribute) and first.attr == "enterprise_id"
    )


def _called(call: ast.Call) -> str:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _names_enterprise(function: _Function) -> bool:
    return any(
        isinstance(decorator, ast.Call)
        and isinstance(decorator.func, ast.Attribute)
        and isinstance(decorator.func.value, ast.Name)
        and decorator.func.value.id == "router"
        for decorator in function.decorator_list
    ) and any(argument.arg == "enterprise_id" for argument in _arguments(function))


def _arguments(function: _Function) -> list[ast.arg]:
    return [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]


def _annotation(argument: ast.arg) -> str:
    return ast.unparse(argument.annotation) if argument.annotation else ""


def main() -> int:
    """Print what is wrong; return how the program ends."""
    wrong = check(source_files(), ALLOWED)
    for line in wrong:
        print(line)  # noqa: T201  what a lint says
    if wrong:
        print("confine it, ask the scope, or give a reason in tests/scope_lint_allowed.py")  # noqa: T201
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
