"""The lint of scopes finds what it is for: a query without its filter, a route that asks nobody."""

import pytest

from tests.scope_lint import check, faults_of, scoped_tables, source_files
from tests.scope_lint_allowed import ALLOWED

TABLES = frozenset({"Finding", "Enterprise", "Membership", "Evidence"})
UNCONFINED = {
    "a select of everything": "def f(session):\n    return session.exec(select(Finding)).all()",
    "another column's filter": "def f(session, state):\n    return session.exec(select(Finding).where(col(Finding.state) == state))",
    "a column that is only chosen": "def f(session):\n    return session.exec(select(Finding.enterprise_id))",
    "a get by the bare id": "def f(session, key):\n    return session.get(Enterprise, key)",
    "a key that begins with something else": "def f(session, a, b):\n    return session.get_one(Evidence, (a, b))",
    "an update of everything": "def f(session):\n    session.exec(update(Finding).values(state='x'))",
    "a deletion of everything": "def f(session):\n    session.exec(delete(Finding))",
    "another table's filter": "def f(session, one):\n    return session.exec(select(Finding, Enterprise).where(col(Enterprise.id) == one))",
    "within a class": "class A:\n    def f(self):\n        return self.session.exec(select(Membership))",
    "a page of everything": "def f(session, paging):\n    keys = (col(Finding.id), col(Finding.enterprise_id))\n    return page_of(session, Finding, keys, [], paging)",
    "a page by another column": "def f(session, keys, state, paging):\n    return page_of(session, Finding, keys, [col(Finding.state) == state], paging)",
    "not the same enterprise": "def f(session, one):\n    return session.exec(select(Finding).where(col(Finding.enterprise_id) > one))",
}
CONFINED = {
    "by its enterprise": "def f(session, one):\n    return session.exec(select(Finding).where(col(Finding.enterprise_id) == one))",
    "by the scope's enterprises": "def f(session, scope):\n    return session.exec(select(Finding).where(col(Finding.enterprise_id).in_(scope.enterprise_ids)))",
    "by the key": "def f(session, enterprise_id, sha256):\n    return session.get(Evidence, (enterprise_id, sha256))",
    "by the scope before": "def f(session, scope, key):\n    scope.require(key)\n    return session.get(Enterprise, key)",
    "by the row afterwards": "def f(session, key, one):\n    row = session.get(Finding, key)\n    return row if row.enterprise_id == one else None",
    "a person's own": "def f(session, me):\n    return session.exec(select(Membership).where(col(Membership.user_id) == me))",
    "a page of its enterprise": "def f(session, keys, one, paging):\n    return page_of(session, Finding, keys, [col(Finding.enterprise_id) == one], paging)",
    "a page by the scope": "def f(session, scope, keys, paging):\n    return page_of(session, Finding, keys, [_seen(scope, keys[1], None)], paging)",
    "a table of nobody": "def f(session):\n    return session.exec(select(PilotArea))",
}
ROUTE = "@router.get('/enterprises/{enterprise_id}/x')\ndef f(enterprise_id: {}, session: Reading):\n    return 1"


@pytest.mark.parametrize("source", UNCONFINED.values(), ids=UNCONFINED)
def test_finds_what_is_not_confined(source: str) -> None:
    """Each is named with its function and line."""
    (fault,) = [
        each
        for each in faults_of(source, "inspection/x.py", TABLES)
        if "Finding" in each.what or "Finding" not in source
    ]
    assert "not confined" in str(fault)
    assert fault.function.endswith("f")


@pytest.mark.parametrize("source", CONFINED.values(), ids=CONFINED)
def test_lets_what_is_confined_pass(source: str) -> None:
    """The ways in which the program confines are known."""
    assert list(faults_of(source, "inspection/x.py", TABLES)) == []


@pytest.mark.parametrize(("annotation", "count"), [("UUID", 1), ("EnterpriseId", 0)])
def test_a_route_asks_whose_enterprise_it_is(annotation: str, count: int) -> None:
    """A bare id in a path is refused; the dependency that asks the scope is not."""
    source = ROUTE.replace("{}", annotation)
    assert len(list(faults_of(source, "api/routes/x.py", TABLES))) == count
    assert list(faults_of(source, "api/x.py", TABLES)) == []


def test_an_allowance_that_nothing_needs_is_refused() -> None:
    """The list can not grow old, and each entry has a reason."""
    files = {"inspection/x.py": UNCONFINED["a select of everything"]}
    assert check(files, {}) != []
    assert check(files, {"inspection/x.py:f": "reason"}) == []
    assert check(files, {"inspection/x.py": "reason"}) == []
    assert check(files, {"inspection/x.py:f": ""}) == [
        "inspection/x.py:f: allowed without a reason"
    ]
    assert check({}, {"gone.py": "reason"}) == ["gone.py: allowed, and nothing there needs it"]


def test_the_program_is_confined() -> None:
    """Every query of the program is, or stands in the list with its reason."""
    files = source_files()
    assert {"api/routes/items.py", "inspection/queries.py"} <= set(files)
    assert {"Finding", "Enterprise", "LedgerEntryRow", "AccessLog"} <= scoped_tables()
    assert check(files, ALLOWED) == []


def test_a_forgotten_filter_in_the_real_program_is_found() -> None:
    """Take the filter out of a real query: the lint names the function."""
    files = source_files()
    source = files["inspection/queries.py"]
    broken = source.replace(
        "    scope.require(enterprise_id)\n    device = session.get(Device, device_id)\n    if device and device.enterprise_id == enterprise_id:",
        "    device = session.get(Device, device_id)\n    if device:",
    )
    assert broken != source
    wrong = check(files | {"inspection/queries.py": broken}, ALLOWED)
    assert len(wrong) == 1
    assert "get_device" in wrong[0]
