"""What the server is assembled from, by its settings."""

from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import Engine
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from api.access import AccessNotes
from api.auth import Throttle
from api.keeper import Keeper
from api.previews import Previews
from api.publisher import Publisher
from api.rates import Rates
from api.settings import Settings
from api.signing import Signers
from api.witnesses import WitnessAsker
from inspection.database import make_engine, read_sessions, write_sessions
from inspection.delivery.forgotten import LinkDesk
from inspection.delivery.mail import MailServer
from inspection.delivery.reach import Reach
from inspection.delivery.robots import Robots
from inspection.delivery.sender import NoticeSender, Patience, Ways
from inspection.delivery.sms import TextMessages
from inspection.evidence import EvidenceStore
from inspection.fix_check_worker import FixCheckWorker
from inspection.jobs import PhotoDetector, PhotoWorker
from inspection.photo_privacy import HeadBlur
from inspection.reports.hazard_notice import NoticeMaker
from inspection.reports.making import ReportMaker
from inspection.reports.worker import ReportWorker
from inspection.s3 import S3Store
from inspection.sealing import Seal
from inspection.stores import FolderStore
from ledger.keys import KeyRing
from models.bundle import load_bundle
from models.running import Running
from models.tiling import TiledDetector, Tiling

VERSION = version("anxun")


@dataclass(frozen=True)
class Parts:
    """Everything a request may need."""

    settings: Settings
    engine: Engine
    read: sessionmaker[Session]
    write: sessionmaker[Session]
    evidence: EvidenceStore
    previews: Previews
    signers: Signers
    detector: PhotoDetector
    photo_worker: PhotoWorker
    fix_check_worker: FixCheckWorker
    report_worker: ReportWorker
    publisher: Publisher
    witness_asker: WitnessAsker
    keeper: Keeper
    notes: AccessNotes
    seal: Seal
    notice_sender: NoticeSender
    link_desk: LinkDesk
    notice_maker: NoticeMaker
    rates: Rates

    @property
    def sends_mail(self) -> bool:
        """Whether the operator set a mail server."""
        return self.notice_sender.ways.mail is not None

    @property
    def throttle(self) -> Throttle:
        """How many failed sign-ins are heard."""
        chosen = self.settings
        return Throttle(
            chosen.sign_in_window_s, chosen.sign_in_attempts, chosen.sign_in_attempts_address
        )


def report_maker(
    settings: Settings,
    engine: Engine,
    evidence: EvidenceStore,
    signers: Signers,
    detector: PhotoDetector,
) -> ReportMaker:
    """Return what makes reports."""
    return ReportMaker(
        read=read_sessions(engine),
        write=write_sessions(engine),
        evidence=evidence,
        folder=settings.reports_path,
        public_url=settings.app_url,
        signer_of=signers.signer,
        blur=HeadBlur.from_detector(detector).blur,
        extra_fonts=settings.report_fonts,
    )


def open_evidence(settings: Settings) -> EvidenceStore:
    """Return where evidence is kept. Raises `InvalidInput`, `StorageUnavailable`."""
    address = settings.evidence_url.get_secret_value()
    if urlsplit(address).scheme == "s3":
        return S3Store.from_url(address)
    return FolderStore(Path(address) if address else settings.data_dir / "evidence")


def open_database(settings: Settings) -> Engine:
    """Return the engine of the database; its folder is made when it is a file in the data directory."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    return make_engine(settings.database_address)


def open_keys(settings: Settings) -> Signers:
    """Return the signing keys; the first one is made on first use. Raises `ledger.errors.KeyFileError`."""
    ring = KeyRing(settings.signing_key_path, settings.key_passphrase.get_secret_value())
    ring.newest()
    return Signers(ring, settings.origin)


def ways_of(settings: Settings) -> Ways:
    """Return how notices leave this server. Raises `InvalidInput` for a way that cannot be set up so."""
    mail, sms = settings.smtp_url.get_secret_value(), settings.sms_url.get_secret_value()
    return Ways(
        robots=Robots(
            Reach(settings.outside_allowed),
            settings.wecom_url.rstrip("/"),
            settings.dingtalk_url.rstrip("/"),
            settings.feishu_url.rstrip("/"),
        ),
        app_url=settings.app_url,
        mail=MailServer.from_url(mail, settings.mail_from, settings.origin) if mail else None,
        sms=TextMessages.from_url(sms) if sms else None,
    )


def assemble(settings: Settings, detector: PhotoDetector | None = None) -> Parts:
    """Open everything, and start nothing. Without a detector, the model of the settings is loaded.

    Raises `models.errors.ModelError`, `ledger.errors.KeyFileError`, `InvalidInput`, `StorageUnavailable`, `LabelUnknown`, `SealError`.
    """
    engine = open_database(settings)
    read, write = read_sessions(engine), write_sessions(engine)
    evidence = open_evidence(settings)
    signers = open_keys(settings)
    detector = detector or load_bundle(
        settings.model_file, running=Running(settings.runtime, settings.precision)
    )
    notes = AccessNotes(write)
    seal = Seal.of_file(settings.channel_key_path)
    of_photos = _of_photos(settings, detector)
    previews = Previews(settings.data_dir / "previews", evidence, HeadBlur.from_detector(detector))
    sender = NoticeSender(
        read,
        write,
        seal,
        ways_of(settings),
        Patience(timedelta(hours=settings.notice_give_up_hours)),
    )
    return Parts(
        settings=settings,
        engine=engine,
        read=read,
        write=write,
        evidence=evidence,
        previews=previews,
        signers=signers,
        detector=detector,
        photo_worker=PhotoWorker(write, evidence, of_photos, switched_on=settings.experimental),
        fix_check_worker=FixCheckWorker(
            read, write, evidence, of_photos, switched_on=settings.experimental
        ),
        report_worker=ReportWorker(
            report_maker(settings, engine, evidence, signers, detector),
            keep=timedelta(days=settings.report_days),
        ),
        publisher=Publisher(write, signers, interval_s=settings.checkpoint_interval_s),
        witness_asker=WitnessAsker(write, interval_s=settings.witness_interval_s),
        keeper=Keeper(engine, evidence, previews.forget, notes.flush, seal),
        notes=notes,
        seal=seal,
        notice_sender=sender,
        link_desk=LinkDesk(read, write, sender.wake),
        notice_maker=NoticeMaker(
            evidence=evidence,
            blur=HeadBlur.from_detector(detector).blur,
            public_url=settings.app_url,
            extra_fonts=settings.report_fonts,
        ),
        rates=Rates(settings.requests_a_minute),
    )


def _of_photos(settings: Settings, detector: PhotoDetector) -> PhotoDetector:
    """Return what looks at phone photos: the detector, at tiles too where the settings ask for them."""
    side_px = settings.photo_tile_px
    return detector if side_px is None else TiledDetector(detector, Tiling(side_px))
