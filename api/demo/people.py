"""What the people of the demonstration do, each through the public HTTP API with their own sign-in."""

import hashlib
import time
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import httpx

from api.demo.town import PASSWORD
from inspection.tables import new_id

Answer = dict[str, Any]
_JOB_TIMEOUT_S = 60.0


class Person:
    """A signed-in person; use as a context manager. Raises `httpx.HTTPStatusError` with the problem's text."""

    def __init__(self, address: str, login: str) -> None:
        self._http = httpx.Client(base_url=address, timeout=30.0)
        session = self._ask("POST", "/v1/sessions", json={"login": login, "password": PASSWORD})
        self._http.headers["Authorization"] = f"Bearer {session['token']}"
        self.id: str = session["user"]["id"]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._http.close()

    def make_enrolment_code(self, enterprise_id: UUID) -> str:
        """Return a one-time code for a device."""
        code = self._ask("POST", f"/v1/enterprises/{enterprise_id}/enrolment-codes")["code"]
        return str(code)

    def findings(self, enterprise_id: UUID, **filters: str) -> list[Answer]:
        """Return every finding of an enterprise, over all pages."""
        return self._all("/v1/findings", enterprise_id=str(enterprise_id), **filters)

    def tickets(self, enterprise_id: UUID) -> list[Answer]:
        """Return every ticket of an enterprise."""
        return self._all("/v1/tickets", enterprise_id=str(enterprise_id))

    def inspect(self, enterprise_id: UUID, place: str, photo: Path) -> list[Answer]:
        """Take a photo into a new inspection and wait for the server's proposals."""
        base = f"/v1/enterprises/{enterprise_id}"
        inspection = self._ask("POST", f"{base}/inspections", json={"place": place, "note": ""})
        sha256 = self.put_evidence(enterprise_id, photo)
        photos = f"{base}/inspections/{inspection['id']}/photos"
        self._ask("POST", photos, json={"evidence_sha256": sha256, "file_name": photo.name})
        self._wait_for_detection(f"{base}/inspections/{inspection['id']}")
        return self.findings(enterprise_id, inspection_id=inspection["id"])

    def put_evidence(self, enterprise_id: UUID, photo: Path) -> str:
        """Upload the original bytes; returns their sha256."""
        data = photo.read_bytes()
        sha256 = hashlib.sha256(data).hexdigest()
        self._ask("PUT", f"/v1/enterprises/{enterprise_id}/evidence/{sha256}", content=data)
        return sha256

    def confirm(self, finding: Answer, note: str) -> Answer:
        """Confirm a proposed finding; returns the ticket that the plan opened."""
        path = f"/v1/enterprises/{finding['enterprise_id']}/findings/{finding['id']}/confirmation"
        ticket: Answer = self._ask("POST", path, json={"note": note})["ticket"]
        return ticket

    def take_step(self, ticket: Answer, step: str, **body: object) -> None:
        """Take a step of a ticket."""
        path = f"/v1/enterprises/{ticket['enterprise_id']}/tickets/{ticket['id']}/{step}"
        # Alone at work: whatever the ticket is by now.
        self._ask("POST", path, json=body, headers={"If-Match": "*"})

    def record(self, enterprise_id: UUID, section: str, values: Answer) -> Answer:
        """Write a record of a section; returns it as the ledger has it."""
        path = f"/v1/enterprises/{enterprise_id}/sections/{section}/records"
        body = {"id": str(new_id()), "values": values}
        written: Answer = self._ask("POST", path, json=body)
        return written

    def mark_absent(self, enterprise_id: UUID, section: str, reason: str, since: date) -> None:
        """Say that a section does not apply to the enterprise."""
        path = f"/v1/enterprises/{enterprise_id}/sections/{section}/applicability"
        body = {"applies": False, "reason": reason, "since": str(since)}
        self._ask("PUT", path, json=body, headers={"If-Match": "*"})

    def wait_for_checkpoint(self, enterprise_id: UUID, timeout_s: float = 60.0) -> str:
        """Return the signed checkpoint once it covers every entry that is there now."""
        base = f"/v1/enterprises/{enterprise_id}/ledger"
        size = max(entry["index"] for entry in self._all(f"{base}/entries")) + 1
        until = time.monotonic() + timeout_s
        while time.monotonic() < until:
            answer = self._http.get(f"{base}/checkpoint")
            # Line 2 of a checkpoint is the size of the tree (C2SP tlog-checkpoint).
            if answer.is_success and int(answer.text.splitlines()[1]) >= size:
                return answer.text
            time.sleep(0.5)
        msg = f"no checkpoint covered {size} entries within {timeout_s:.0f} s"
        raise TimeoutError(msg)

    def export(self, enterprise_id: UUID, bundle: Path, key: Path) -> None:
        """Download the ledger's bundle and its verification key."""
        base = f"/v1/enterprises/{enterprise_id}/ledger"
        self._download(f"{base}/bundle", bundle)
        key.write_text(self._http.get(f"{base}/key").raise_for_status().text, encoding="utf-8")

    def export_item(self, enterprise_id: UUID, item_id: str, bundle: Path) -> None:
        """Download everything about one hazard with its proofs."""
        self._download(f"/v1/enterprises/{enterprise_id}/items/{item_id}/bundle", bundle)

    def report(self, enterprise_id: UUID, first: date, last: date, file: Path) -> Answer:
        """Ask for the ledger of some days as PDF, wait until it is made and download it; returns what is known of it."""
        path = f"/v1/enterprises/{enterprise_id}/reports"
        order = {"starts_on": str(first), "ends_on": str(last), "format": "pdf"}
        report: Answer = self._ask("POST", path, json=order)
        until = time.monotonic() + _JOB_TIMEOUT_S
        while report["state"] in {"waiting", "running"} and time.monotonic() < until:
            time.sleep(0.3)
            report = self._ask("GET", f"{path}/{report['id']}")
        if report["state"] != "done":
            msg = f"the report is {report['state']} after {_JOB_TIMEOUT_S:.0f} s: {report['error']}"
            raise TimeoutError(msg)
        self._download(f"{path}/{report['id']}/file", file)
        return report

    def _download(self, path: str, file: Path) -> None:
        with self._http.stream("GET", path) as answer, file.open("wb") as target:
            answer.raise_for_status()
            for chunk in answer.iter_bytes():
                target.write(chunk)

    def _wait_for_detection(self, inspection: str) -> None:
        until = time.monotonic() + _JOB_TIMEOUT_S
        while time.monotonic() < until:
            photos = self._ask("GET", inspection)["photos"]
            if all(photo["state"] != "waiting" for photo in photos):
                return
            time.sleep(0.3)
        msg = f"the server did not look at the photo within {_JOB_TIMEOUT_S:.0f} s"
        raise TimeoutError(msg)

    def _all(self, path: str, **filters: str) -> list[Answer]:
        rows: list[Answer] = []
        cursor: str | None = None
        while True:
            page = self._ask("GET", path, params=filters | ({"cursor": cursor} if cursor else {}))
            rows += page["items"]
            cursor = page["next_cursor"]
            if not cursor:
                return rows

    def _ask(self, method: str, path: str, **arguments: Any) -> Any:
        answer = self._http.request(method, path, **arguments)
        if answer.is_error:
            msg = f"{method} {path} answered {answer.status_code}: {answer.text}"
            raise httpx.HTTPStatusError(msg, request=answer.request, response=answer)
        return answer.json() if answer.content else None
