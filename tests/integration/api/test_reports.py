"""Reports through the API, read back with tools that did not write them."""

import io
import re
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pypdf
import pypdfium2
import pytest
import zxingcpp
from sqlmodel import select

from inspection.copies import forget_copies
from inspection.reports import worker
from inspection.tables import AccessLog, Report, ReportState
from inspection.wire import utc_now
from ledger.entry import LedgerEntry
from ledger.log import get_entry
from ledger.sql import SqlStore
from tests.builders import jpeg, sha256_of
from tests.integration.api.conftest import site_settings
from tests.report_world import FORMULA, fill
from tests.sites import Site, open_site

PERIOD = {"starts_on": "2026-10-01", "ends_on": "2099-12-31"}
URL = "https://anxun.example"
POINTS_PER_MM = 72 / 25.4


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, dict[str, str]]]:
    """Serve a site whose ledger has something of everything."""
    folder = tmp_path_factory.mktemp("reports")
    with open_site(site_settings(folder, public_url=f"{URL}/")) as site:
        yield site, fill(site)


@pytest.fixture(scope="module")
def site(filled: tuple[Site, dict[str, str]]) -> Site:
    """Return that site."""
    return filled[0]


@pytest.fixture(scope="module")
def made(site: Site) -> dict[str, Any]:
    """Return a PDF report in Chinese."""
    return wait(site, ask(site, "officer", format="pdf"))


@pytest.fixture(scope="module")
def pdf_bytes(site: Site, made: dict[str, Any]) -> bytes:
    """Return its file."""
    return download(site, "officer", made)


@pytest.fixture(scope="module")
def pages(pdf_bytes: bytes) -> list[str]:
    """Return the text of its pages, by pdfium."""
    document = pypdfium2.PdfDocument(pdf_bytes)
    try:
        return [page_text(document, number) for number in range(len(document))]
    finally:
        document.close()


def page_text(document: pypdfium2.PdfDocument, number: int) -> str:
    """Return a page's text."""
    page = document[number]
    text = page.get_textpage()
    try:
        return str(text.get_text_range())
    finally:
        text.close()
        page.close()


def ask(site: Site, who: str, **changes: Any) -> dict[str, Any]:
    """Ask for a report; return it as it is then."""
    answer = site.post(who, site.own("/reports"), {**PERIOD, "format": "pdf", **changes})
    assert answer.status_code == 202, answer.text
    report: dict[str, Any] = answer.json()
    return report


def wait(site: Site, report: dict[str, Any], who: str = "officer") -> dict[str, Any]:
    """Wait until it is finished."""
    ends = time.monotonic() + 60
    while report["state"] in ("waiting", "running"):
        assert time.monotonic() < ends, report
        time.sleep(0.1)
        report = site.get(who, site.own(f"/reports/{report['id']}")).json()
    return report


def download(site: Site, who: str, report: dict[str, Any]) -> bytes:
    """Return a report's file."""
    answer = site.get(who, site.own(f"/reports/{report['id']}/file"))
    assert answer.status_code == 200, answer.text
    return answer.content


def seen(pdf_bytes: bytes, number: int) -> np.ndarray:
    """Return a page as a picture, BGR."""
    document = pypdfium2.PdfDocument(pdf_bytes)
    try:
        page = document[number]
        bitmap = page.render(scale=3)
        picture = bitmap.to_numpy().copy()
        bitmap.close()
        page.close()
        return picture
    finally:
        document.close()


def code_on(pdf_bytes: bytes, number: int) -> str:
    """Return what the one QR code of a page says, by ZXing: OpenCV 5's reader fails on some pages by chance."""
    (found,) = zxingcpp.read_barcodes(
        seen(pdf_bytes, number), formats=zxingcpp.BarcodeFormat.QRCode
    )
    return str(found.text)


def test_made_report_names_its_file_in_the_ledger(
    site: Site, made: dict[str, Any], pdf_bytes: bytes
) -> None:
    """The hash of the downloaded bytes is the one in the row and in the entry `report.made`."""
    assert (made["state"], made["percent"], made["error"]) == ("done", 100, None)
    assert made["sha256"] == sha256_of(pdf_bytes)
    assert made["size"] == len(pdf_bytes)
    entry = entry_of(site, made)
    record = entry.record
    assert record is not None
    assert (entry.header.kind, entry.header.section) == ("report.made", "L00")
    assert record.by == f"user:{site.town.officer.id}"
    assert record.data["sha256"] == made["sha256"]
    assert (record.data["tree_size"], record.data["root"]) == (made["tree_size"], made["root"])


def entry_of(site: Site, made: dict[str, Any]) -> LedgerEntry:
    """Return the entry that names a report's file."""
    with site.parts.read() as session:
        return get_entry(SqlStore(session), str(site.town.mine.id), made["entry_index"])


def test_cover_says_who_what_and_which_ledger(
    site: Site, made: dict[str, Any], pages: list[str]
) -> None:
    """Enterprise, credit code, period, maker, ledger and the warning stand on the first page, in Chinese."""
    enterprise = site.town.mine
    for words in (
        "企业安全生产电子台账", enterprise.name, enterprise.credit_code, "2026-10-01 至 2099-12-31", "Officer",
        f"anxun.local/ledger/{enterprise.id}", made["root"], made["id"], "AI 只提出疑似隐患，由人作出判断",
    ):  # fmt: skip
        assert words in pages[0]
    assert "certified" not in pages[0].lower()


def test_every_section_has_a_chapter_and_a_bookmark(pdf_bytes: bytes, pages: list[str]) -> None:
    """28 sections are in the contents, in the text, and among the bookmarks, which lead to their pages."""
    reader = pypdf.PdfReader(io.BytesIO(pdf_bytes))
    titles = {
        entry["/Title"]: reader.get_destination_page_number(entry) for entry in reader.outline
    }
    codes = [title[:3] for title in titles if title.startswith("L")]
    assert codes == [f"L{number:02d}" for number in range(1, 29)]
    for title, number in titles.items():
        assert title in pages[1]
        assert title in pages[number]


def test_pages_are_a4_and_numbered(pdf_bytes: bytes, pages: list[str]) -> None:
    """Every page is A4, upright or on its side, and says which of how many it is."""
    reader = pypdf.PdfReader(io.BytesIO(pdf_bytes))
    for number, page in enumerate(reader.pages, start=1):
        size = sorted(round(float(edge) / POINTS_PER_MM) for edge in page.mediabox[2:])
        assert size == [210, 297]
        assert f"第 {number} / {len(pages)} 页" in pages[number - 1]


def test_fonts_are_embedded(pdf_bytes: bytes) -> None:
    """No page needs a font that the reader's machine would have to have."""
    reader, found = pypdf.PdfReader(io.BytesIO(pdf_bytes)), 0
    for page in reader.pages:
        for font in page["/Resources"]["/Font"].values():
            descendant = font.get_object()["/DescendantFonts"][0].get_object()
            descriptor = descendant["/FontDescriptor"].get_object()
            assert any(f"/FontFile{kind}" in descriptor for kind in ("2", "3"))
            assert "+" in descriptor["/FontName"]
            found += 1
    assert found


def test_rare_characters_are_printed_or_spelt_out(pages: list[str]) -> None:
    """㙍 and 堃 have a glyph; 𠮷 has none here, is spelt out, and is listed at the end."""
    text = "".join(pages)
    assert "㙍家工位" in text
    assert "〔U+20BB7〕田堃" in re.sub(r"\s", "", text)
    assert "𠮷" not in text
    assert "U+20BB7" in pages[-1]


def test_hazard_has_photos_before_and_after_side_by_side(
    pdf_bytes: bytes, pages: list[str]
) -> None:
    """Level, deadline, basis, steps and two pictures stand together; a major hazard is in L12."""
    reader = pypdf.PdfReader(io.BytesIO(pdf_bytes))
    number = next(n for n, text in enumerate(pages) if "复查合格，销号" in text)
    page = pages[number]
    for words in ("一般隐患", "已销号", "整改期限", "依据", "ZG-", "整改前", "整改后", "已配发安全帽", "整改责任人签字（Worker）", "复查人签字（Expert）"):  # fmt: skip
        assert words in page
    photos = [
        image.image for image in reader.pages[number].images if image.image.size == (640, 480)
    ]
    assert len(photos) >= 2
    major = next(text for text in pages if "重大隐患 · 未销号" in text)
    assert "尚无整改后照片" in major


def test_codes_lead_to_the_proof(
    site: Site, made: dict[str, Any], pdf_bytes: bytes, pages: list[str]
) -> None:
    """The code of the report leads to its check, the code of a hazard to its entry; the server answers both."""
    read = code_on(pdf_bytes, 0)
    assert read == f"{URL}/check/{made['id']}"
    check = site.client.get(f"/v1/reports/{read.rsplit('/', 1)[1]}/check")
    assert check.status_code == 200
    assert check.json()["sha256"] == sha256_of(pdf_bytes)
    number = next(n for n, text in enumerate(pages) if "复查合格，销号" in text)
    read = code_on(pdf_bytes, number)
    found = re.fullmatch(rf"{URL}(/enterprises/{site.town.mine.id}/ledger/(\d+))", read)
    assert found
    entry = site.get("officer", site.own(f"/ledger/entries/{found[2]}")).json()
    assert entry["kind"] == "ticket.closed"


def test_workbook_has_a_sheet_a_section_with_typed_cells(site: Site) -> None:
    """Dates are dates and amounts are numbers, headers are frozen and filtered, and the index has leaf hashes."""
    report = wait(site, ask(site, "officer", format="xlsx"))
    book = openpyxl.load_workbook(io.BytesIO(download(site, "officer", report)))
    names = book.sheetnames
    assert [name[:3] for name in names[1:29]] == [f"L{n:02d}" for n in range(1, 29)]
    assert names[0] == "概览"
    assert names[29:] == ["隐患", "整改单", "账本索引"]
    spending = book[next(name for name in names if name.startswith("L05"))]
    header = [cell.value for cell in spending[1]]
    row = dict(zip(header, spending[2], strict=True))
    assert row["支出日期"].value == datetime(2026, 11, 2)  # noqa: DTZ001  a spreadsheet's day
    assert row["支出日期"].is_date
    assert row["金额（元）"].value == 1280.5
    assert spending.freeze_panes == "B2"
    assert spending.auto_filter.ref.startswith("A1:")
    index = book["账本索引"]
    with site.parts.read() as session:
        first = get_entry(SqlStore(session), str(site.town.mine.id), index["A2"].value)
    assert index["E2"].value == first.leaf_hash
    assert index["B2"].is_date
    hazards = book["隐患"]
    assert {hazards["B2"].value, hazards["B3"].value} == {"重大隐患", "一般隐患"}
    assert book["整改单"].max_row == 5


def test_no_text_becomes_a_formula(site: Site) -> None:
    """What a person wrote with = in front stays their text, also where Excel is asked to look again."""
    report = wait(site, ask(site, "officer", format="xlsx", sections=["L04"]))
    book = openpyxl.load_workbook(io.BytesIO(download(site, "officer", report)))
    cells = [cell for sheet in book for row in sheet for cell in row]
    assert all(cell.data_type != "f" for cell in cells)
    mine = [cell for cell in cells if cell.value == FORMULA]
    assert mine
    assert all(cell.quotePrefix for cell in mine)


def test_english_report_has_english_words(site: Site) -> None:
    """The report's own words are English, what people wrote stays Chinese."""
    report = wait(site, ask(site, "expert", language="en", sections=["L11"]), "expert")
    document = pypdfium2.PdfDocument(download(site, "expert", report))
    text = "".join(page_text(document, number) for number in range(len(document)))
    document.close()
    for words in ("Electronic work-safety ledger", "Hazard finding and treatment", "Before", "After", "a person decides", "已配发安全帽"):  # fmt: skip
        assert words in text
    assert "本期无记录" not in text


def test_a_period_holds_what_it_is_about(site: Site) -> None:
    """October has the meeting of October, though it was written later, and nothing of November."""
    october = {"starts_on": "2026-10-01", "ends_on": "2026-10-31", "format": "xlsx"}
    report = wait(site, ask(site, "officer", **october))
    book = openpyxl.load_workbook(io.BytesIO(download(site, "officer", report)))
    rows = {name[:3]: book[name].max_row - 1 for name in book.sheetnames[1:29]}
    assert {code for code, count in rows.items() if count} == {"L04"}


@pytest.mark.parametrize("who", ["expert", "officer", "centre", "insurer", "government"])
def test_parties_may_ask(site: Site, who: str) -> None:
    """Five parties get reports; who reads from outside gets one with blurred heads."""
    report = ask(site, who, sections=["L01"])
    assert report["blurs_heads"] is (who in ("insurer", "government"))
    assert wait(site, report, who)["state"] == "done"
    assert download(site, who, report).startswith(b"%PDF")


def test_outside_readers_see_no_report_with_faces(site: Site, made: dict[str, Any]) -> None:
    """The insurer does not find the officer's report, whose photos show faces; the officer finds the insurer's."""
    assert made["blurs_heads"] is False
    path = site.own(f"/reports/{made['id']}")
    assert site.get("insurer", path).status_code == 404
    assert site.get("insurer", f"{path}/file").status_code == 404
    listed = site.get("insurer", site.own("/reports")).json()["items"]
    assert all(row["blurs_heads"] for row in listed)
    listed = site.get("officer", site.own("/reports")).json()["items"]
    assert made["id"] in {row["id"] for row in listed}


def test_worker_may_not(site: Site, made: dict[str, Any]) -> None:
    """An enterprise's worker sees the ledger in the app, but takes no copy of it away."""
    answer = site.post("worker", site.own("/reports"), {**PERIOD, "format": "pdf"})
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    assert site.get("worker", site.own(f"/reports/{made['id']}/file")).status_code == 403


def test_downloads_are_logged(site: Site, made: dict[str, Any], pdf_bytes: bytes) -> None:
    """Who took a copy is in the access log, with the file's hash."""
    with site.parts.read() as session:
        rows = session.exec(select(AccessLog).where(AccessLog.action == "report.download")).all()
    assert f"{made['id']} {sha256_of(pdf_bytes)}" in {row.detail for row in rows}


def test_stranger_learns_only_that_it_is_genuine(site: Site, made: dict[str, Any]) -> None:
    """Without a sign-in the check tells hashes and sizes: no name, no period, no content; an unknown id is 404."""
    shown = site.client.get(f"/v1/reports/{made['id']}/check").json()
    assert set(shown) == {
        "report_id", "enterprise_id", "format", "made_at", "origin", "tree_size", "root", "sha256", "size",
        "entry_index", "leaf_hash",
    }  # fmt: skip
    assert site.client.get(f"/v1/reports/{site.town.mine.id}/check").status_code == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"starts_on": "2026-12-01", "ends_on": "2026-11-01"},
        {"sections": ["L99"]},
        {"starts_on": "1900-01-01"},
        {"format": "docx"},
    ],
)
def test_impossible_orders_are_refused(site: Site, changes: dict[str, Any]) -> None:
    """A period that runs backwards, a section that is none, a format that nobody writes: 422 with what to do."""
    answer = site.post("officer", site.own("/reports"), {**PERIOD, "format": "pdf", **changes})
    assert answer.status_code == 422
    assert answer.json()["detail"]


def test_lost_photo_does_not_stop_a_report(site: Site, filled: tuple[Site, dict[str, str]]) -> None:
    """Where a photo's bytes are gone the report says so in its place."""
    sha256 = filled[1]["before"]
    blob = next((site.parts.settings.data_dir / "evidence" / "blobs").rglob(sha256))
    kept = blob.read_bytes()
    blob.unlink()
    try:
        report = wait(site, ask(site, "officer", sections=["L11"]))
    finally:
        blob.write_bytes(kept)
    document = pypdfium2.PdfDocument(download(site, "officer", report))
    text = "".join(page_text(document, number) for number in range(len(document)))
    document.close()
    assert "照片已不再保存" in text


def test_expired_file_is_gone_and_still_genuine(site: Site) -> None:
    """After its days the file is removed; its entry stays, and so does the answer that it was genuine."""
    report = wait(site, ask(site, "officer", sections=["L01"]))
    path = file_path(site, report)
    assert path.is_file()
    with site.parts.write.begin() as session:
        row = session.exec(select(Report).where(Report.sha256 == report["sha256"])).one()
        row.expires_at = utc_now() - timedelta(seconds=1)
    assert site.parts.report_worker.sweep() == 1
    assert not path.exists()
    answer = site.get("officer", site.own(f"/reports/{report['id']}/file"))
    assert (answer.status_code, answer.json()["code"]) == (409, "report_not_there")
    assert site.client.get(f"/v1/reports/{report['id']}/check").status_code == 200


def test_erasure_withdraws_files_that_told_of_it(tmp_path: Path) -> None:
    """A report that covers an erased entry can be downloaded no more; one that is being made begins anew."""
    with open_site(site_settings(tmp_path)) as site:
        draft = site.draft(site.put_evidence("device", jpeg(3)))
        site.submit(draft)
        told = wait(site, ask(site, "officer", sections=["L27"]))
        site.parts.report_worker.stop()
        begun = ask(site, "officer", sections=["L01"])
        with site.parts.write.begin() as session:
            row = session.get_one(Report, (site.town.mine.id, _uuid(begun)))
            row.state, row.attempts = ReportState.RUNNING, 1
            entry = get_entry(SqlStore(session), str(site.town.mine.id), 0)
            forget_copies(session, site.town.mine.id, entry)
        answer = site.get("officer", site.own(f"/reports/{told['id']}/file"))
        assert (answer.status_code, answer.json()["code"]) == (409, "report_not_there")
        site.parts.report_worker.start()
        assert wait(site, begun)["state"] == "done"
        site.parts.report_worker.sweep()
        assert not file_path(site, told).exists()


def file_path(site: Site, report: dict[str, Any]) -> Path:
    """Return where a report's file lies."""
    return site.parts.settings.reports_path / f"{report['id']}.{report['format']}"


def test_waiting_report_can_be_cancelled_and_survives_a_restart(tmp_path: Path) -> None:
    """With no worker at work a report waits: one is cancelled, the other is made after the next start."""
    settings = site_settings(tmp_path)
    with open_site(settings) as site:
        site.parts.report_worker.stop()
        first, second = ask(site, "officer"), ask(site, "officer", sections=["L01"])
        path = site.own(f"/reports/{first['id']}")
        cancelled = site.post("officer", f"{path}/cancellation").json()
        assert cancelled["state"] == "cancelled"
        answer = site.get("officer", f"{path}/file")
        assert (answer.status_code, answer.json()["code"]) == (409, "report_not_there")
        # As a server leaves it that is killed in the middle.
        with site.parts.write.begin() as session:
            row = session.get_one(Report, (site.town.mine.id, _uuid(second)))
            row.state, row.attempts = ReportState.RUNNING, 1
            row.claimed_until = utc_now() - timedelta(seconds=1)
        site.parts.report_worker.start()
        assert wait(site, second)["state"] == "done"
        assert site.get("officer", path).json()["state"] == "cancelled"


def test_report_that_kills_its_server_is_given_up(tmp_path: Path) -> None:
    """After three attempts that each ended the server it fails, and says why."""
    with open_site(site_settings(tmp_path)) as site:
        site.parts.report_worker.stop()
        report = ask(site, "officer")
        with site.parts.write.begin() as session:
            session.get_one(Report, (site.town.mine.id, _uuid(report))).attempts = worker.ATTEMPTS
        site.parts.report_worker.start()
        failed = wait(site, report)
        assert failed["state"] == "failed"
        assert "given up" in failed["error"]


def test_nobody_queues_without_end(tmp_path: Path) -> None:
    """The eleventh unfinished report of a person is refused; another person may still ask."""
    with open_site(site_settings(tmp_path)) as site:
        site.parts.report_worker.stop()
        for _ in range(10):
            ask(site, "officer")
        answer = site.post("officer", site.own("/reports"), {**PERIOD, "format": "pdf"})
        assert (answer.status_code, answer.json()["code"]) == (409, "too_many_reports")
        ask(site, "expert")


def _uuid(report: dict[str, Any]) -> Any:
    from uuid import UUID

    return UUID(report["id"])


def test_day_in_china_begins_at_sixteen_utc(site: Site) -> None:
    """A report of today alone has today's entries, by China's days."""
    from inspection.plans import china_day

    today = china_day(utc_now())
    days = {"starts_on": today.isoformat(), "ends_on": today.isoformat()}
    report = wait(site, ask(site, "officer", format="xlsx", **days))
    book = openpyxl.load_workbook(io.BytesIO(download(site, "officer", report)))
    patrol = book[next(name for name in book.sheetnames if name.startswith("L27"))]
    assert patrol.max_row == 4
    assert isinstance(today, date)
