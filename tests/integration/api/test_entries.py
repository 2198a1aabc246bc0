"""Finding entries and items over HTTP."""

from inspection.journal import log_id_of
from ledger.entry import Record
from ledger.log import append
from ledger.sql import SqlStore
from tests.builders import NOW, jpeg
from tests.sites import Site


def record(site: Site, *zones: str) -> None:
    """Record a finding in each zone."""
    sha256 = site.put_evidence("device", jpeg())
    site.submit(*(site.draft(sha256, zone=zone) for zone in zones))


def test_entries_are_found_with_an_excerpt(site: Site) -> None:
    """A hit shows where it has the word, and how much of the ledger could be searched."""
    record(site, "一车间 配电箱", "东门")
    page = site.get("officer", site.own("/entries"), params={"q": "配电"}).json()
    assert (page["tree_size"], page["indexed_size"]) == (2, 2)
    (hit,) = page["items"]
    assert hit["entry"]["index"] == 0
    mark = hit["excerpt"]["marks"][0]
    assert hit["excerpt"]["text"][mark["start"] : mark["end"]] == "配电"
    plain = site.get("officer", site.own("/entries"), params={"oldest_first": True}).json()
    assert [(row["entry"]["index"], row["excerpt"]) for row in plain["items"]] == [
        (0, None),
        (1, None),
    ]


def test_pages_follow_their_cursor(site: Site) -> None:
    """The newest first, and a made-up cursor is refused by its name."""
    record(site, "a", "b", "c")
    first = site.get("officer", site.own("/entries"), params={"limit": 2}).json()
    asked = {"limit": 2, "cursor": first["next_cursor"]}
    record(site, "d")
    rest = site.get("officer", site.own("/entries"), params=asked).json()
    rows = [row["entry"]["index"] for row in (*first["items"], *rest["items"])]
    assert (rows, rest["next_cursor"]) == ([2, 1, 0], None)
    bad = site.get("officer", site.own("/entries"), params={"cursor": "x"})
    assert (bad.status_code, bad.json()["code"]) == (422, "invalid_cursor")


def test_counts_and_items_take_the_same_words(site: Site) -> None:
    """Facets are counted under the filter, and items are found by their place."""
    record(site, "一车间 配电箱", "东门", "配电箱二")
    counts = site.get("officer", site.own("/entries/counts"), params={"by": "section", "q": "配电"})
    assert counts.json() == {"items": [{"value": "L27", "count": 2}]}
    items = site.get("officer", "/v1/items", params={"q": "配电", "source": "camera"}).json()
    assert len(items["items"]) == 2
    assert site.get("officer", "/v1/items", params={"level": "major"}).json()["items"] == []


def test_the_server_catches_up_by_itself(site: Site) -> None:
    """Entries that came before the index, or past it, are found once the keeper has run."""
    log_id = log_id_of(site.town.mine.id)
    with site.parts.write.begin() as session:
        for number in range(3):
            event = Record("section.recorded", "L04", NOW, "system", {"topic": f"例会{number}"})
            append(SqlStore(session), log_id, event)
    site.parts.keeper.run_once()
    page = site.get("officer", site.own("/entries"), params={"q": "例会"}).json()
    assert [row["entry"]["index"] for row in page["items"]] == [2, 1, 0]
