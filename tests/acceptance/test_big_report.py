"""A report of a thousand closed hazards, two photos each, read page by page with tools that did not write it."""

import os
import re
from datetime import date
from pathlib import Path

import pypdf
import pypdfium2
import pytest
import zxingcpp
from sqlmodel import select

from inspection.database import make_engine, read_sessions, write_sessions
from inspection.reports.asked import Period, ReportRequest
from inspection.reports.making import ReportMaker
from inspection.reports.queue import new_report
from inspection.stores import FolderStore
from inspection.tables import Enterprise, ReportFormat
from inspection.wire import utc_now
from ledger.keys import create_key
from tests.fixed_hazards import make_fixed_hazards

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

ITEMS = int(os.environ.get("ANXUN_REPORT_ITEMS", "1000"))
URL = "https://anxun.example"
A4_POINTS = (595, 842)


def make_report(folder: Path) -> Path:
    """Make the PDF of everything in the folder's database."""
    engine = make_engine(f"sqlite:///{folder / 'anxun.db'}")
    key = create_key(folder / "key.pem", "log.example")
    maker = ReportMaker(
        read=read_sessions(engine), write=write_sessions(engine), evidence=FolderStore(folder / "evidence"),
        folder=folder / "reports", public_url=URL, signer_of=lambda _session, log: key.named(log),
        blur=lambda image: image,
    )  # fmt: skip
    with maker.read() as session:
        enterprise = session.exec(select(Enterprise).order_by(Enterprise.credit_code)).first()
    assert enterprise is not None
    asked = ReportRequest(Period(date(2020, 1, 1), date(2099, 12, 31)), ReportFormat.PDF)
    maker.make(new_report(enterprise.id, asked, "operator", utc_now()), utc_now(), lambda _: None)
    engine.dispose()
    (file,) = (folder / "reports").rglob("*.pdf")
    return file


def is_photo(image: pypdf.generic.DictionaryObject) -> bool:
    """Tell a photo of 4 to 3 from marks and codes."""
    return abs(image["/Width"] * 3 - image["/Height"] * 4) <= 4 and image["/Width"] > 100


def test_a_long_report_is_whole(tmp_path: Path) -> None:
    """Each page is A4 and numbered to the last; each photo is in it once and named; fonts are inside; codes lead to entries."""
    photos = make_fixed_hazards(tmp_path, ITEMS, (640, 480))
    assert len(set(photos)) == 2 * ITEMS
    file = make_report(tmp_path)
    reader, drawn, fonts, named = pypdf.PdfReader(file), set(), 0, set()
    document = pypdfium2.PdfDocument(file)
    pages = len(reader.pages)
    codes_read: list[str] = []
    with_proofs = 0
    for number, page in enumerate(reader.pages):
        assert sorted(round(float(edge)) for edge in page.mediabox[2:]) == list(A4_POINTS)
        opened = document[number]
        text = opened.get_textpage().get_text_range()
        assert f"第 {number + 1} / {pages} 页" in text
        named |= set(re.findall(r"SHA-256 ([0-9a-f]{12})…", text))
        for reference in page["/Resources"].get("/XObject", {}).values():
            if is_photo(reference.get_object()):
                drawn.add(reference.get_object().hash_value())
        for font in page["/Resources"]["/Font"].values():
            descriptor = font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"]
            assert {"/FontFile2", "/FontFile3"} & descriptor.get_object().keys()
            fonts += 1
        proofs = re.findall(r"证明 #\d+", text)
        with_proofs += bool(proofs)
        # Reading every code would take longer than all the rest: each 25th page with hazards stands for them.
        if proofs and with_proofs % 25 == 1:
            picture = opened.render(scale=3).to_numpy()
            codes = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode)
            assert len(codes) == len(proofs)
            codes_read += [str(code.text) for code in codes]
        opened.close()
    assert named == {sha256[:12] for sha256 in photos}
    assert len(drawn) == 2 * ITEMS
    assert fonts >= pages
    assert codes_read
    assert all(
        re.fullmatch(rf"{URL}/enterprises/[0-9a-f-]+/ledger/\d+", code) for code in codes_read
    )
    # A hazard with its two photos, facts and steps takes half a page or more, and no page is wasted on it.
    assert ITEMS / 2 <= pages <= 2 * ITEMS + 100
    document.close()
