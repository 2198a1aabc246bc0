"""The edge's half of what is spoken with the server besides findings: how the box does, its cameras, its model, what is open."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from uuid import UUID

import httpx

from edge.client import Client
from edge.errors import Refused, ServerAway
from inspection.box_wire import (
    MAX_ASKED_FINDINGS,
    BoxConfigurationText,
    BoxReport,
    BoxWishes,
    ItemStanding,
    StandingAsked,
    StandingTold,
)


class Desk(Client):
    """A connection of its own beside delivery's. Not shared between threads."""

    def report(self, report: BoxReport) -> BoxWishes:
        """Say how the box does; return what it is to run.

        Raises:
            ServerAway, Refused: as they say.
        """
        # What is as usual is not said, so that a server which does not know a newer field need not refuse it.
        body = report.model_dump(mode="json", exclude_defaults=True)
        return self._read(BoxWishes, self._ask("PUT", "/devices/self/report", json=body))

    def configuration(self) -> BoxConfigurationText:
        """Return the cameras that the server has for this box.

        Raises:
            ServerAway, Refused: as they say.
        """
        return self._read(BoxConfigurationText, self._ask("GET", "/devices/self/configuration"))

    def standing(self, finding_ids: Iterable[UUID]) -> Mapping[UUID, ItemStanding]:
        """Return how the items of findings stand; what the server does not have is left out.

        Raises:
            ServerAway, Refused: as they say.
        """
        asked = StandingAsked(finding_ids=tuple(finding_ids)[:MAX_ASKED_FINDINGS])
        body = asked.model_dump(mode="json")
        return self._read(
            StandingTold, self._ask("POST", "/devices/self/standing", json=body)
        ).items

    def add_clip(self, finding_id: str, sha256: str) -> None:
        """Add evidence that is there to a finding, as its clip. Twice is once.

        Raises:
            ServerAway, Refused: as they say.
        """
        self._ask("PUT", f"/findings/{finding_id}/clip", json={"evidence_sha256": sha256})

    @contextmanager
    def model(self, sha256: str, start: int) -> Iterator[Iterator[bytes]]:
        """Open the file of a model from byte `start` on; what it yields is unchecked.

        Raises:
            ServerAway: the line broke; go on from what arrived.
            Refused: it is not on offer, or has no such byte.
        """
        headers = {"Range": f"bytes={start}-"} if start else {}
        try:
            with self._http.stream(
                "GET", f"/devices/self/models/{sha256}", headers=headers
            ) as answer:
                if answer.is_success and (
                    start == 0 or answer.status_code == HTTPStatus.PARTIAL_CONTENT
                ):
                    yield answer.iter_bytes()
                    return
                answer.read()
                self._refuse(answer)
        except httpx.HTTPError as error:
            raise ServerAway(self.server_url, str(error) or type(error).__name__) from error

    def _refuse(self, answer: httpx.Response) -> None:
        if answer.is_server_error or answer.is_success:
            raise ServerAway(self.server_url, f"it answered {answer.status_code}")
        raise Refused(answer.status_code, "", answer.text[:200])
