"""A served application with a town in it, and everyone signed in."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from fastapi.testclient import TestClient

from api import auth
from api.settings import Settings
from tests.sites import Site, open_site


@pytest.fixture(scope="session", autouse=True)
def real_hasher() -> Iterator[PasswordHasher]:
    """Hash passwords at argon2's least cost, as 0.2 s of CPU a sign-in add up; yield the hasher of the program."""
    real = auth._hasher
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(auth, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield real


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings of a server of its own: SQLite and a folder."""
    return site_settings(tmp_path)


def site_settings(folder: Path, **changes: object) -> Settings:
    """Return settings that publish only when a test says so."""
    # No test speaks with the makers of chat robots.
    nowhere = dict.fromkeys(("wecom_url", "dingtalk_url", "feishu_url"), "https://robots.invalid")
    facts: dict[str, object] = {"data_dir": folder / "data", "checkpoint_interval_s": 3600}
    return Settings(_env_file=None, **{**nowhere, **facts, **changes})  # type: ignore[arg-type]  # pydantic checks them


@pytest.fixture
def site(settings: Settings) -> Iterator[Site]:
    """Yield a served site."""
    with open_site(settings) as site:
        yield site


@pytest.fixture
def client(site: Site) -> TestClient:
    """Return a client that is nobody."""
    return site.client
