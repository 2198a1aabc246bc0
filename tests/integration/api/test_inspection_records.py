"""An inspection record through the API: drafted, signed by both or refused, with a hazard notice that anyone in scope can read."""

import hashlib
import re
import time
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from sqlmodel import select

from inspection.plans import china_day
from inspection.record_wire import EnterpriseSignature, RecordContent, content_sha256
from inspection.reports.hazard_notice import NoticeMaker, SignedRecord
from inspection.tables import AccessLog, InspectionRecord, new_id
from inspection.wire import utc_now
from ledger.verify import verify_bundle
from tests.builders import jpeg
from tests.integration.api.test_audit_of_a_server import anxun
from tests.signatures import SIGNED_AT, drawing
from tests.sites import Site


def inspected(site: Site) -> tuple[str, dict[str, Any]]:
    """Walk through the enterprise, photograph and confirm; return the inspection and its draft."""
    begun = site.post("expert", site.own("/inspections"), {"place": "冲压车间"}).json()
    photos = site.own(f"/inspections/{begun['id']}/photos")
    photo = {"evidence_sha256": site.put_evidence("expert", jpeg(90, (640, 480)))}
    added = site.post("expert", photos, photo).json()
    assert site.wait_for_photo(begun["id"], added["id"])["state"] == "detected"
    query = {"inspection_id": begun["id"]}
    found = site.get("expert", "/v1/findings", params=query).json()["items"]
    for finding in found[:1]:
        site.post("expert", site.own(f"/findings/{finding['id']}/confirmation"), {})
    draft = site.get("expert", site.own(f"/inspections/{begun['id']}/record-draft"))
    assert draft.status_code == 200, draft.text
    return begun["id"], draft.json()


def drawn(picture: str, name: str) -> dict[str, Any]:
    """Return a signature."""
    return {
        "name": name,
        "position": "负责人",
        "picture_sha256": picture,
        "signed_at": SIGNED_AT,
    }


def frozen(site: Site, inspection_id: str, said: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Sign as the expert; return the record."""
    body = {
        "id": str(new_id()),
        "content": said,
        "content_sha256": content_sha256(RecordContent.model_validate(said)),
        "signature": drawn(site.put_evidence("expert", drawing()), "陈安"),
    }
    answer = site.post("expert", site.own(f"/inspections/{inspection_id}/records"), body | changes)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def answered(site: Site, record: dict[str, Any], who: str = "officer") -> dict[str, Any]:
    """Sign as the enterprise; return the record."""
    body = {
        "kind": "signed",
        "content_sha256": record["content_sha256"],
        "signature": drawn(site.put_evidence(who, drawing(9)), "王建国"),
    }
    path = site.own(f"/inspection-records/{record['id']}/answer")
    answer = site.post(who, path, body)
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    assert site.post(who, path, body).json() == made
    return made


def text_of(pdf: bytes) -> str:
    """Return the words of a PDF."""
    pages = pypdfium2.PdfDocument(pdf)
    return "\n".join(page.get_textpage().get_text_range() for page in pages)


@pytest.mark.parametrize("who", ["officer", "expert"])
def test_from_the_visit_to_the_notice(site: Site, who: str) -> None:
    """The officer signs on their own account or on the expert's phone; every party reads the same paper, which is evidence."""
    inspection_id, said = inspected(site)
    record = frozen(site, inspection_id, said)
    assert (record["state"], record["may_answer"]) == ("waiting", True)
    assert site.get("insurer", site.own(f"/inspection-records/{record['id']}/notice")).status_code == 404  # fmt: skip
    record = answered(site, record, who)
    assert (record["state"], record["may_answer"], record["may_correct"]) == ("signed", False, who == "expert")  # fmt: skip
    path = site.own(f"/inspection-records/{record['id']}/notice")
    papers = {each: site.get(each, path) for each in ("officer", "expert", "government", "insurer")}
    assert {each.status_code for each in papers.values()} == {200}
    (pdf,) = {each.content for each in papers.values()}
    assert hashlib.sha256(pdf).hexdigest() == record["notice_sha256"]
    words = text_of(pdf)
    for expected in (record["number"], "通知书", "王建国", "陈安", "冲压车间", "待核实"):
        assert expected in words, words
    entry = site.get("government", site.own(f"/ledger/entries/{record['answer_index']}")).json()
    assert entry["record"]["data"]["notice_sha256"] == record["notice_sha256"]
    kept = site.get("officer", site.own(f"/evidence/{record['notice_sha256']}"))
    assert kept.headers["content-type"] == "application/pdf"
    notices = site.get("officer", "/v1/notices").json()["items"]
    waits = next(each for each in notices if each["kind"] == "record_waits")
    assert (waits["thing_id"], waits["facts"]["number"]) == (record["id"], record["number"])
    with site.parts.read() as session:
        said_of = session.exec(select(AccessLog.action)).all()
    assert said_of.count("inspection_record.notice") == len(papers)


def test_the_notice_is_reproducible(site: Site) -> None:
    """The stored row, the answer's time and the pictures give the stored bytes again, byte for byte."""
    inspection_id, said = inspected(site)
    record = answered(site, frozen(site, inspection_id, said))
    with site.parts.read() as session:
        row = session.exec(select(InspectionRecord)).one()
    assert row.answered_at is not None
    answer = EnterpriseSignature.model_validate(row.answer)
    again = site.parts.notice_maker.make(SignedRecord.from_row(row, answer, row.answered_at))
    assert hashlib.sha256(again).hexdigest() == record["notice_sha256"]
    moved = NoticeMaker(site.parts.evidence, site.parts.notice_maker.blur, "https://elsewhere.test")
    assert moved.make(SignedRecord.from_row(row, answer, row.answered_at)) != again


def test_the_notice_is_translated(site: Site) -> None:
    """In English every word of the form, beside what people wrote; it names the Chinese one, which stays what went out."""
    inspection_id, said = inspected(site)
    record = answered(site, frozen(site, inspection_id, said))
    path = site.own(f"/inspection-records/{record['id']}/notice")
    answer = site.get("officer", path, params={"language": "en"})
    assert answer.status_code == 200
    words = " ".join(text_of(answer.content).split())
    for expected in (record["number"], "notice of hazards", "Problems found", "王建国", "冲压车间", "to be verified", record["notice_sha256"][:12]):  # fmt: skip
        assert expected in words, words
    for form in ("通知书", "检查人员", "整改期限", "双方确认", "待核实", "编号"):
        assert form not in words, words
    assert answer.headers["content-disposition"].endswith('-en.pdf"')
    chinese = site.get("officer", path, params={"language": "zh"}).content
    assert hashlib.sha256(chinese).hexdigest() == record["notice_sha256"]
    assert site.get("officer", path, params={"language": "fr"}).status_code == 422
    assert site.get("stranger", path, params={"language": "en"}).status_code == 404


def test_a_refusal_goes_out_too(site: Site) -> None:
    """Reason and witness are on the paper; it is drawn on pages without an error, and the officer finds it in the app."""
    inspection_id, said = inspected(site)
    said["problems"] += [
        {"text": f"手写问题{n}：" + "线路裸露，" * 12, "level": "major", "handling": "立即停用"}
        for n in range(9)
    ]
    record = frozen(site, inspection_id, said)
    body = {
        "kind": "refused",
        "content_sha256": record["content_sha256"],
        "name": "王建国",
        "position": "厂长",
        "reason": "不认可",
        "refused_at": SIGNED_AT,
        "witness": drawn(site.put_evidence("expert", drawing(7)), "李见证"),
    }
    path = site.own(f"/inspection-records/{record['id']}")
    answer = site.post("expert", f"{path}/answer", body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["answer"]["reason"] == "不认可"
    pdf = site.get("officer", f"{path}/notice").content
    words = text_of(pdf)
    for expected in ("拒绝签字", "不认可", "李见证", "手写问题8", "重大隐患"):
        assert expected in words, words
    english = text_of(site.get("officer", f"{path}/notice", params={"language": "en"}).content)
    for expected in ("refused to sign", "不认可", "李见证", "Witness"):
        assert expected in english, english
    document = pypdfium2.PdfDocument(pdf)
    assert len(document) >= 2
    assert all(page.render().to_pil().getbbox() for page in document)
    kinds = [each["kind"] for each in site.get("officer", "/v1/notices").json()["items"]]
    assert "record_refused" in kinds


def test_a_correction_keeps_the_old_paper(site: Site) -> None:
    """Both versions stay readable, each with its own notice."""
    inspection_id, said = inspected(site)
    first = answered(site, frozen(site, inspection_id, said))
    changed = said | {"place": "仓库"}
    second = frozen(site, inspection_id, changed, supersedes=first["id"], reason="地点写错")
    assert second["revision"] == 2
    listed = site.get("officer", site.own(f"/inspections/{inspection_id}/records")).json()["items"]
    assert [each["id"] for each in listed] == [second["id"], first["id"]]
    old = site.get("officer", site.own(f"/inspection-records/{first['id']}")).json()
    assert (old["content"]["place"], old["superseded_by"], old["may_correct"]) == ("冲压车间", second["id"], False)  # fmt: skip
    assert "冲压车间" in text_of(site.get("officer", site.own(f"/inspection-records/{first['id']}/notice")).content)  # fmt: skip


def test_the_server_reads_again_what_was_signed(site: Site) -> None:
    """A content that was changed on the way is refused: its hash is not the one that was shown."""
    inspection_id, said = inspected(site)
    body = {
        "id": str(new_id()),
        "content": said | {"handling": "changed on the way"},
        "content_sha256": content_sha256(RecordContent.model_validate(said)),
        "signature": drawn(site.put_evidence("expert", drawing()), "陈安"),
    }
    answer = site.post("expert", site.own(f"/inspections/{inspection_id}/records"), body)
    assert (answer.status_code, answer.json()["code"]) == (422, "record_not_as_shown")


def test_audit_export_and_report_take_it(site: Site, tmp_path: Path) -> None:
    """The keeper's audit finds no fault in it, the bundle verifies, and a report of L25 says it in words."""
    inspection_id, said = inspected(site)
    record = answered(site, frozen(site, inspection_id, said))
    site.parts.publisher.publish_grown()
    audited = anxun(site.parts.settings, "audit", "--all")
    assert audited.output.endswith("all of it holds / 全部成立\n"), audited.output
    bundle = tmp_path / "bundle.zip"
    exported = anxun(site.parts.settings, "export", str(site.town.mine.id), str(bundle))
    assert exported.exit_code == 0, exported.output
    assert verify_bundle(bundle).erased == 0
    today = china_day(utc_now()).isoformat()
    order = {"starts_on": today, "ends_on": today, "format": "pdf", "sections": ["L25"]}
    report = site.post("officer", site.own("/reports"), order).json()
    ends = time.monotonic() + 60
    while report["state"] != "done":
        assert time.monotonic() < ends, report
        time.sleep(0.1)
        report = site.get("officer", site.own(f"/reports/{report['id']}")).json()
    paper = site.get("officer", site.own(f"/reports/{report['id']}/file")).content
    # Columns are narrow: a word may go on in the next line.
    words = re.sub(r"\s", "", text_of(paper))
    for expected in (record["number"], "企业签字", "冲压车间", "王建国"):
        assert expected in words, words
    assert "{'" not in words
    assert len(pypdfium2.PdfDocument(paper)) <= 6
