"""Settings of the server: one class, read once from `ANXUN_…` variables or a `.env` file."""

from functools import cached_property
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, StringConstraints
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from inspection.delivery import robots
from inspection.switches import labels_from_text
from models.running import AUTO, FP32, Precision

MEBIBYTE = 1024 * 1024
TEBIBYTE = MEBIBYTE << 20
Origin = Annotated[str, StringConstraints(pattern=r"^[^\s+/][^\s+]*$", max_length=200)]


def _networks(text: str) -> str:
    """Return the text. Raises `ValueError` for a part that is neither an address nor a network: it would trust nobody, in silence."""
    for part in filter(None, (part.strip() for part in text.split(","))):
        ip_network(part)
    return text


def _comma_separated(text: object) -> object:
    """Return the parts of a comma-separated setting; anything else as it is."""
    if not isinstance(text, str):
        return text
    return frozenset(part.strip().lower() for part in text.split(",") if part.strip())


class Settings(BaseSettings):
    """Everything an operator may set. `docs/operations.md` lists the variables."""

    model_config = SettingsConfigDict(
        env_prefix="ANXUN_", env_file=".env", extra="ignore", frozen=True
    )

    data_dir: Path = Field(
        default=Path("var"), description="database, evidence, signing key and previews live here"
    )
    database_url: SecretStr = Field(
        default=SecretStr(""), description="SQLAlchemy address; empty: SQLite in the data directory"
    )
    evidence_url: SecretStr = Field(
        default=SecretStr(""),
        description="a folder, or s3://KEY:SECRET@HOST:PORT/BUCKET; empty: a folder in the data directory",
    )
    signing_key_file: Path | None = Field(
        default=None, description="Ed25519 key that signs checkpoints; made on first use"
    )
    key_passphrase: SecretStr = Field(
        default=SecretStr(""), description="passphrase of encrypted signing key files"
    )
    model_file: Path | None = Field(
        default=None, description="description (.json) of the model; empty: the shipped one"
    )
    runtime: str = Field(
        default=AUTO, description="what runs the model: auto, onnxruntime:cpu, openvino:cpu …"
    )
    precision: Precision = Field(default=FP32, description="fp32, int8, bf16 or fp16")
    experimental: Annotated[frozenset[str], NoDecode, BeforeValidator(labels_from_text)] = Field(
        default=frozenset(),
        description="experimental labels to switch on, comma-separated, or all; empty: none",
    )
    photo_tile_px: int | None = Field(
        default=None,
        ge=64,
        description="side of the tiles that phone photos are looked at in too, for what is far and small; empty: none",
    )
    web_dir: Path = Field(
        default=Path(__file__).parent / "web" / "dist", description="the built app"
    )

    origin: Origin = Field(
        default="anxun.local", description="name of this server in checkpoints; never change it"
    )
    host: str = Field(default="127.0.0.1", description="address to listen on")
    port: int = Field(default=8000, ge=0, le=65535, description="port; 0 takes a free one")
    oidc_issuer: str = Field(
        default="",
        pattern=r"^(https://[^\s?#]+|http://(127\.0\.0\.1|localhost)(:\d+)?[^\s?#]*)?$",
        description="OpenID provider that people may sign in by, as it names itself; empty: passwords alone",
    )
    oidc_client_id: str = Field(default="", description="this server's name at the provider")
    oidc_client_secret: SecretStr = Field(
        default=SecretStr(""), description="this server's secret at the provider"
    )
    oidc_name: str = Field(default="OpenID", description="the provider on the sign-in page")
    trusted_proxies: Annotated[str, AfterValidator(_networks)] = Field(
        default="127.0.0.1",
        description="addresses or networks of proxies, comma-separated: only these are believed who the caller is; empty: none",
    )
    is_cookie_secure: bool = Field(
        default=False, description="send the session cookie over HTTPS only: set it behind TLS"
    )
    hsts_subdomains: bool = Field(
        default=False,
        description="over HTTPS, have browsers refuse plain HTTP for every host below this one too",
    )
    administrators_need_second_factor: bool = Field(
        default=False,
        description="administrators without an authenticator reach their account and nothing else",
    )
    requests_a_minute: int = Field(
        default=3000, ge=0, description="requests of a person a minute and server; 0: any number"
    )
    session_hours: int = Field(default=12, ge=1, le=24 * 90, description="life of a sign-in")
    bearer_minutes: int = Field(
        default=60,
        ge=5,
        le=60 * 24,
        description="life of the token that a sign-in gives to programs",
    )
    invitation_hours: int = Field(
        default=72, ge=1, le=24 * 30, description="life of an invitation's link"
    )
    personal_token_days: int = Field(
        default=365, ge=1, le=366, description="longest life of a personal token"
    )
    enrolment_minutes: int = Field(
        default=60 * 24, ge=1, le=60 * 24 * 30, description="life of an enrolment code"
    )
    sign_in_attempts: int = Field(
        default=10, ge=1, description="failed sign-ins a login may have in the window"
    )
    sign_in_attempts_address: int = Field(
        default=100, ge=1, description="failed sign-ins an address may have in the window"
    )
    sign_in_window_s: int = Field(
        default=900, ge=1, description="window of the throttle, in seconds"
    )

    max_json_bytes: int = Field(default=4 * MEBIBYTE, ge=1024, description="largest JSON body")
    max_evidence_bytes: int = Field(
        default=64 * MEBIBYTE, ge=1024, description="largest picture that is kept as evidence"
    )
    evidence_quota_bytes: int = Field(
        default=TEBIBYTE,
        ge=0,
        description="most bytes of evidence that an enterprise keeps; 0: any number",
    )
    public_url: str = Field(
        default="",
        pattern=r"^(https?://[^\s]+)?$",
        description="where people reach the app: QR codes on reports lead there; empty: this server's own address",
    )
    reports_dir: Path | None = Field(
        default=None, description="folder that keeps made reports; several servers share one"
    )
    report_days: int = Field(
        default=30, ge=1, le=3650, description="how long a made report can be downloaded"
    )
    report_fonts: tuple[Path, ...] = Field(
        default=(), description="more fonts for rare characters, a JSON list of files"
    )
    smtp_url: SecretStr = Field(
        default=SecretStr(""),
        description="mail server: smtp://USER:PASSWORD@HOST:PORT (STARTTLS; ?tls=none without) or smtps://; empty: no mail",
    )
    mail_from: str = Field(default="", description="sender of mail: 安巡 <no-reply@example.com>")
    sms_url: SecretStr = Field(
        default=SecretStr(""),
        description="gateway of text messages, an address of apprise with {number}; empty: none",
    )
    wecom_url: str = Field(default=robots.WECOM_URL, description="WeCom, or a private deployment")
    dingtalk_url: str = Field(
        default=robots.DINGTALK_URL, description="DingTalk, or a private deployment"
    )
    feishu_url: str = Field(
        default=robots.FEISHU_URL, description="Feishu, or a private deployment"
    )
    outside_allowed: Annotated[frozenset[str], NoDecode, BeforeValidator(_comma_separated)] = Field(
        default=frozenset(),
        description="hosts, addresses and networks off the public internet that may be sent to, comma-separated",
    )
    notice_give_up_hours: float = Field(
        default=72, gt=0, le=24 * 30, description="how long a notice is tried before it is given up"
    )
    channel_key_file: Path | None = Field(
        default=None, description="key that seals the secrets of channels; made on first use"
    )
    checkpoint_interval_s: float = Field(
        default=10.0, gt=0, description="how often grown ledgers are published, in seconds"
    )
    witness_interval_s: float = Field(
        default=60.0, gt=0, description="how often witnesses are asked for cosignatures, in seconds"
    )

    @cached_property
    def database_address(self) -> str:
        """Return the SQLAlchemy address."""
        return (
            self.database_url.get_secret_value()
            or f"sqlite:///{self.data_dir.resolve() / 'anxun.db'}"
        )

    @cached_property
    def evidence_quota(self) -> int | None:
        """Return how many bytes of evidence an enterprise may keep; None: any number."""
        return self.evidence_quota_bytes or None

    @cached_property
    def app_url(self) -> str:
        """Return where people reach the app, without a slash at its end."""
        return self.public_url.rstrip("/") or f"http://{self.host}:{self.port}"

    @cached_property
    def sends_secure_cookies(self) -> bool:
        """Return whether cookies travel over HTTPS only: when told so, and when people reach the app by HTTPS."""
        return self.is_cookie_secure or self.public_url.startswith("https://")

    @cached_property
    def reports_path(self) -> Path:
        """Return the folder that keeps made reports."""
        return self.reports_dir or self.data_dir / "reports"

    @cached_property
    def channel_key_path(self) -> Path:
        """Return where the key that seals the secrets of channels lies."""
        return self.channel_key_file or self.data_dir / "channel-key"

    @cached_property
    def signing_key_path(self) -> Path:
        """Return where the key that signs checkpoints lies."""
        return self.signing_key_file or self.data_dir / "checkpoint-key.pem"
