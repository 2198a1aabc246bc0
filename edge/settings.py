"""Settings of the edge program, read once from the environment (prefix ``ANXUN_EDGE_``)."""

from functools import cached_property
from pathlib import Path
from typing import Annotated

import platformdirs
from pydantic import AliasChoices, BeforeValidator, Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from edge.messages import Language, LogForm
from inspection.switches import labels_from_text
from models.running import AUTO, FP32, Precision, Running


class Settings(BaseSettings):
    """What a technician may set. Every path of the state folder hangs under `data_dir`."""

    model_config = SettingsConfigDict(env_prefix="ANXUN_EDGE_", populate_by_name=True)

    data_dir: Path = Field(
        default_factory=lambda: platformdirs.user_state_path("anxun-edge", appauthor=False),
        description="state folder: identity, outbox, evidence that waits",
    )
    lang: Language = Field(
        default="zh", validation_alias=AliasChoices("ANXUN_EDGE_LANG", "ANXUN_LANG")
    )
    experimental: Annotated[frozenset[str], NoDecode, BeforeValidator(labels_from_text)] = Field(
        default=frozenset(), description="experimental labels to switch on, or all"
    )
    connect_timeout_s: float = Field(default=5.0, gt=0)
    request_timeout_s: float = Field(default=30.0, gt=0)
    part_bytes: int = Field(
        default=1 << 20, ge=1 << 16, description="larger evidence goes up in parts of this size"
    )
    retry_first_s: float = Field(
        default=1.0, gt=0, description="first wait when the server is away"
    )
    retry_longest_s: float = Field(default=60.0, gt=0)
    deliver_every_s: float = Field(default=5.0, gt=0, description="pause when nothing waits")
    camera_open_timeout_s: float = Field(default=5.0, gt=0)
    camera_read_timeout_s: float = Field(default=3.0, gt=0)
    camera_longest_wait_s: float = Field(default=30.0, gt=0, description="between reconnections")
    jpeg_quality: int = Field(default=90, ge=50, le=100)
    runtime: str = Field(
        default=AUTO, description="what runs the model: auto, onnxruntime:cpu, openvino:cpu …"
    )
    precision: Precision = Field(default=FP32, description="fp32, int8, bf16 or fp16")
    gone_after_s: float = Field(
        default=60.0, gt=0, description="a hazard unseen for so long is reported anew"
    )

    page_host: str = Field(default="127.0.0.1", description="where the local page listens")
    page_port: int | None = Field(
        default=None,
        ge=0,
        le=65535,
        description="of the local page; none: no page. 0: any free one",
    )
    page_token: str | None = Field(
        default=None, min_length=16, description="of the local page; else one is made and kept"
    )
    remote: bool = Field(
        default=True, description="cameras and models of the server are taken, where it has some"
    )
    link_every_s: float = Field(
        default=30.0, gt=0, description="how often the server is asked and told how the box does"
    )
    clip_before_s: float = Field(
        default=5.0,
        ge=0,
        le=60,
        description="of a finding's clip, before it; with the next 0: no clips",
    )
    clip_after_s: float = Field(default=5.0, ge=0, le=60)
    clip_ring_bytes: int = Field(
        default=12 << 20, ge=1 << 20, description="memory a camera for its last seconds"
    )
    clip_budget_bytes: int = Field(
        default=2 << 30, ge=0, description="disk for clips that wait for delivery"
    )
    outbox_budget_bytes: int = Field(
        default=20 << 30,
        ge=0,
        description="disk for stills and clips that wait: clips give way first, then repeated sightings",
    )
    log: LogForm = Field(default="text", description="text for people, json for machines")

    @property
    def running(self) -> Running:
        """How the model is run."""
        return Running(self.runtime, self.precision)

    @property
    def names_a_way(self) -> bool:
        """Whether the technician said what runs the model, `auto` included; then doctor's choice is not followed."""
        return bool({"runtime", "precision"} & self.model_fields_set)

    @cached_property
    def choice_path(self) -> Path:
        """What `anxun-edge doctor` picked."""
        return self.data_dir / "running.json"

    @cached_property
    def identity_path(self) -> Path:
        """The device's token and server, readable by its owner only."""
        return self.data_dir / "device.json"

    @cached_property
    def key_path(self) -> Path:
        """What this box signs with, readable by its owner only."""
        return self.data_dir / "device-key.pem"

    @cached_property
    def kept_cameras_path(self) -> Path:
        """The last file of cameras that could be used, readable by its owner only."""
        return self.data_dir / "cameras.json"

    @cached_property
    def state_path(self) -> Path:
        """What a running watch says of itself."""
        return self.data_dir / "watch.json"

    @cached_property
    def remote_cameras_path(self) -> Path:
        """The last cameras of the server that could be used, readable by its owner only."""
        return self.data_dir / "remote-cameras.json"

    @cached_property
    def clips_dir(self) -> Path:
        """Clips that wait for delivery."""
        return self.data_dir / "clips"

    @cached_property
    def models_dir(self) -> Path:
        """Models that the server gave."""
        return self.data_dir / "models"

    @cached_property
    def page_token_path(self) -> Path:
        """What opens the local page, readable by its owner only."""
        return self.data_dir / "page-token"

    @cached_property
    def standing_path(self) -> Path:
        """What was told and is open."""
        return self.data_dir / "standing.json"

    @cached_property
    def sight_book_path(self) -> Path:
        """How long each camera saw, by day."""
        return self.data_dir / "sight-book.json"

    @cached_property
    def views_dir(self) -> Path:
        """What each camera's view used to be."""
        return self.data_dir / "views"

    @cached_property
    def outbox_dir(self) -> Path:
        """Database and evidence files of what waits for delivery."""
        return self.data_dir / "outbox"
