"""The experts' decisions as a YOLO data set with provenance, which `models.training` reads as a pool as it is.

    images/KEY.webp  labels/KEY.txt   upright pictures, heads NOT blurred, without EXIF; YOLO labels
    pool.json                         a picture's source, split, scene and knowledge: what training must not guess
    data.yaml  train.txt  val.txt  test.txt   for ultralytics and everything that reads its format
    manifest.json                     where each picture comes from: evidence, findings, decisions, ledger entries
    report.json                       counts

Enterprises are named by a pseudonym, people by the role that allowed their decision.
"""

import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, Protocol
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import cv2
import numpy as np
from numpy.typing import NDArray
from sqlmodel import Session

from api.access import log_access
from inspection.disagreements import difference_of, disagreements_of
from inspection.dismissals import dismissal_reasons
from inspection.errors import InvalidInput
from inspection.evidence import EvidenceStore
from inspection.journal import timestamp
from inspection.tables import Finding
from inspection.training_data import Taken, TaughtPicture, split_of
from ledger.keys import SigningKey
from models.errors import PictureError
from models.pictures import decode_picture
from models.training.pool import LABELS
from models.yolo import write_labels

FORMAT = "anxun-dataset/1"
SPLITS = ("train", "val", "test")
WEBP_QUALITY = 95
# WebP's own limit is 16,383.
LONGEST_SIDE = 8192
NOTICE = "Heads are not blurred in these pictures: they are personal data. Keep them as the evidence is kept."


class Target(Protocol):
    """Where files of a data set go."""

    def add(self, name: str, data: bytes) -> None:
        """Keep a file."""


class ZipTarget:
    """A zip file, or a stream of one."""

    def __init__(self, archive: ZipFile) -> None:
        self._archive = archive

    def add(self, name: str, data: bytes) -> None:
        """Add a member; pictures are compressed already."""
        how = ZIP_STORED if name.endswith(".webp") else ZIP_DEFLATED
        self._archive.writestr(name, data, compress_type=how)


@dataclass(frozen=True)
class FolderTarget:
    """A folder."""

    root: Path

    def add(self, name: str, data: bytes) -> None:
        """Write a file."""
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)


@dataclass(frozen=True)
class DatasetFacts:
    """What an export says of itself: when it was made, in which role, and what was asked for."""

    made_at: datetime
    made_as: str
    taken: Taken


def pseudonyms(key: SigningKey) -> Callable[[UUID], str]:
    """Return what names enterprises: the same in every export of this server, and no one else can tell whose it is.

    The secret is the server's signature of a fixed text (Ed25519 is deterministic), so that there is no second key
    to keep. Another signing key gives other names.
    """
    secret = hashlib.sha256(key.sign(b"anxun: pseudonyms of enterprises in data sets\n")).digest()

    def pseudonym(enterprise_id: UUID) -> str:
        return "e" + hmac.new(secret, enterprise_id.bytes, hashlib.sha256).hexdigest()[:16]

    return pseudonym


@dataclass(frozen=True)
class DatasetWriter:
    """Writes pictures one after the other; the lists, which need all of them, at the end."""

    store: EvidenceStore
    pseudonym: Callable[[UUID], str]
    facts: DatasetFacts

    def write(self, pictures: Sequence[TaughtPicture], target: Target) -> dict[str, Any]:
        """Write the data set and return its report.

        Evidence that is gone or no picture is left out, and the manifest says so. Raises `InvalidInput` where there
        is nothing to write, `StorageUnavailable`.
        """
        if not pictures:
            msg = "nobody decided anything there in that time; choose a longer period, or decide first"
            raise InvalidInput(msg)
        rows: list[dict[str, Any]] = []
        left_out: list[dict[str, str]] = []
        for picture in pictures:
            try:
                rows.append(self._write_picture(picture, target))
            except (PictureError, _Gone) as error:
                left_out.append(self._left_out(picture, error))
        report = _report(rows, left_out)
        for name, data in self._lists(rows, left_out, report):
            target.add(name, data)
        return report

    def _write_picture(self, picture: TaughtPicture, target: Target) -> dict[str, Any]:
        image = self._upright(picture.evidence_sha256)
        webp = _webp(image)
        source = self.pseudonym(picture.enterprise_id)
        key = f"{source}__{picture.evidence_sha256[:24]}"
        target.add(f"images/{key}.webp", webp)
        target.add(f"labels/{key}.txt", write_labels(picture.boxes).encode())
        scene = f"{source}/{picture.scene}"
        return {
            "key": key,
            "source": source,
            "split": split_of(scene),
            "cluster": scene,
            "knowledge": picture.knowledge,
            "boxes": len(picture.boxes),
            "box_labels": dict(Counter(LABELS[box.class_id] for box in picture.boxes)),
            "left_out_labels": list(picture.foreign_labels),
            "evidence_sha256": picture.evidence_sha256,
            "image_sha256": hashlib.sha256(webp).hexdigest(),
            "width": image.shape[1],
            "height": image.shape[0],
            "captured_at": timestamp(picture.findings[0].captured_at),
            "findings": [_finding(finding) for finding in picture.findings],
        }

    def _upright(self, sha256: str) -> NDArray[np.uint8]:
        if not self.store.has(sha256):
            raise _Gone
        with self.store.open(sha256) as source:
            image = decode_picture(source.read()).image_bgr
        height, width = image.shape[:2]
        scale = LONGEST_SIDE / max(height, width)
        if scale >= 1:
            return image
        size_wh = (max(1, round(width * scale)), max(1, round(height * scale)))
        return np.asarray(cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA), np.uint8)

    def _left_out(self, picture: TaughtPicture, error: Exception) -> dict[str, str]:
        return {
            "source": self.pseudonym(picture.enterprise_id),
            "evidence_sha256": picture.evidence_sha256,
            "why": str(error),
        }

    def _lists(
        self,
        rows: Sequence[dict[str, Any]],
        left_out: Sequence[dict[str, str]],
        report: dict[str, Any],
    ) -> Iterator[tuple[str, bytes]]:
        for split in SPLITS:
            files = [f"./images/{row['key']}.webp\n" for row in rows if row["split"] == split]
            yield f"{split}.txt", "".join(files).encode()
        pool_fields = ("source", "split", "cluster", "knowledge")
        images = {row["key"]: {name: row[name] for name in pool_fields} for row in rows}
        yield "pool.json", _json({"labels": LABELS, "images": images})
        yield "data.yaml", _data_yaml().encode()
        yield "report.json", _json(report)
        taken = self.facts.taken
        yield (
            "manifest.json",
            _json(
                {
                    "format": FORMAT,
                    "made_at": timestamp(self.facts.made_at),
                    "made_as": self.facts.made_as,
                    "captured_from": timestamp(taken.since) if taken.since else None,
                    "captured_before": timestamp(taken.until) if taken.until else None,
                    "notice": NOTICE,
                    "labels": LABELS,
                    "image_encoding": f"WebP quality {WEBP_QUALITY}, upright, without EXIF",
                    "dismissal_reasons": {
                        code: reason.teaches for code, reason in dismissal_reasons().items()
                    },
                    "images": rows,
                    "left_out": left_out,
                }
            ),
        )


class _Gone(Exception):
    def __init__(self) -> None:
        super().__init__("the evidence store no longer holds it")


def write_dataset_file(path: Path, write: Callable[[Target], dict[str, Any]]) -> dict[str, Any]:
    """Write a data set to a new zip (a name that ends so) or folder, whole or not at all; return its report.

    Raises `InvalidInput` where something is there already.
    """
    if path.exists():
        raise InvalidInput(f"{path} is there already; choose another name")
    with TemporaryDirectory(prefix=f".{path.name}.", dir=path.resolve().parent) as folder:
        staged = Path(folder) / path.name
        if path.suffix == ".zip":
            with staged.open("wb") as stream:
                report = write_dataset_zip(stream, write)
        else:
            staged.mkdir()
            report = write(FolderTarget(staged))
        staged.rename(path)
    return report


def write_dataset_zip(
    stream: BinaryIO, write: Callable[[Target], dict[str, Any]]
) -> dict[str, Any]:
    """Write a data set as a zip to a stream that need not be seekable; return its report."""
    with ZipFile(stream, "w") as archive:
        return write(ZipTarget(archive))


def log_dataset(
    session: Session, pictures: Sequence[TaughtPicture], actor: str, remote: str = ""
) -> None:
    """Note the export in the access log, for each enterprise whose pictures are in it."""
    for enterprise_id, count in Counter(picture.enterprise_id for picture in pictures).items():
        log_access(
            session,
            actor=actor,
            action="dataset.export",
            enterprise_id=enterprise_id,
            detail=f"{count} pictures, heads not blurred",
            remote=remote,
        )


def _finding(finding: Finding) -> dict[str, Any]:
    drawn = finding.decided_boxes is not None
    return {
        "id": str(finding.id),
        "hazard_code": finding.hazard_code,
        "proposed_hazard_code": finding.proposed_hazard_code or finding.hazard_code,
        "label": finding.label,
        "confidence": finding.confidence,
        "decision": finding.state,
        "reason_code": finding.dismissal_code,
        "decided_as": finding.decided_role,
        "decided_at": timestamp(finding.decided_at) if finding.decided_at else None,
        "boxes_by": "person" if drawn else "model",
        "boxes": {"model": finding.boxes, "person": finding.decided_boxes},
        "level": {"catalogue": finding.catalogue_level, "person": finding.decided_level},
        "disagreement": _disagreement(finding),
        "complete_labels": finding.complete_labels or [],
        "model": {"name": finding.model_name, "sha256": finding.model_sha256},
        "found_by": "person" if finding.model_name is None else "model",
        "source": {"kind": finding.source_kind, "name": finding.source_name},
        "inspection_id": str(finding.inspection_id) if finding.inspection_id else None,
        "ledger": {"index": finding.entry_index, "leaf_hash": finding.leaf_hash},
        "decision_ledger": {
            "index": finding.decision_entry_index,
            "leaf_hash": finding.decision_leaf_hash,
        },
    }


def _disagreement(finding: Finding) -> dict[str, Any]:
    boxes = difference_of(finding)
    return {
        "kinds": [kind.value for kind in disagreements_of(finding)],
        "moved": [{"from": said, "to": drawn} for said, drawn in boxes.moved],
        "missed": list(boxes.missed),
        "false_boxes": list(boxes.false_boxes),
    }


def _report(rows: Sequence[dict[str, Any]], left_out: Sequence[dict[str, str]]) -> dict[str, Any]:
    boxes: dict[str, Counter[str]] = {split: Counter() for split in SPLITS}
    for row in rows:
        boxes[row["split"]].update(row["box_labels"])
    return {
        "images": {split: sum(row["split"] == split for row in rows) for split in SPLITS},
        "background_images": sum(not row["boxes"] for row in rows),
        "left_out": len(left_out),
        "sources": dict(Counter(row["source"] for row in rows)),
        "boxes": {split: {k: count[k] for k in LABELS} for split, count in boxes.items()},
        "disagreements": dict(
            Counter(
                kind
                for row in rows
                for finding in row["findings"]
                for kind in finding["disagreement"]["kinds"]
            )
        ),
        "known": {
            label: {letter: sum(row["knowledge"][at] == letter for row in rows) for letter in "LAU"}
            for at, label in enumerate(LABELS)
        },
    }


def _webp(image_bgr: NDArray[np.uint8]) -> bytes:
    _, data = cv2.imencode(".webp", image_bgr, [cv2.IMWRITE_WEBP_QUALITY, WEBP_QUALITY])
    return data.tobytes()


def _json(content: object) -> bytes:
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()


def _data_yaml() -> str:
    names = "".join(f"  {at}: {label}\n" for at, label in enumerate(LABELS))
    return f"# {NOTICE}\npath: .\ntrain: train.txt\nval: val.txt\ntest: test.txt\nnames:\n{names}"
