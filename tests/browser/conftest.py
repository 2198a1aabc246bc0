"""A served town and a real Chromium that opens the built app."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.stage import (
    APP,
    CHROMIUM,
    PASSWORD,
    PHOTOS,
    QUIET_FLAGS,
    Site,
    needed,
    run_anxun,
    serving,
)

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def photos() -> Path:
    """The folder of real photos."""
    needed(PHOTOS / "astronaut.png", "run `make media`")
    return PHOTOS


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Serve a fresh town with the shipped model."""
    needed(APP, "run `make web`")
    folder = tmp_path_factory.mktemp("site")
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("ANXUN_")},
        "ANXUN_DATA_DIR": str(folder),
        "ANXUN_CHECKPOINT_INTERVAL_S": "0.5",
        "ANXUN_PASSWORD": PASSWORD,
    }

    def anxun(*arguments: str) -> str:
        return run_anxun(environment, *arguments)

    anxun("init")
    area = anxun("area", "add", "乐清市北白象镇")
    first = anxun("enterprise", "add", area, "乐清宏达电气有限公司", "91330382MA2ABCDE0K")
    second = anxun("enterprise", "add", area, "温州安泰机械厂", "91330382MA2FGHJK1L")
    for number, enterprise in enumerate((first, second), start=1):
        dates = ("--from", "2026-01-01", "--until", "2027-12-31")
        anxun("enterprise", "plan", enterprise, "标准服务方案", f"P-2026-{number}", *dates)
    centre = anxun("organisation", "add", "service_centre", "安全服务中心", "--area", area)
    anxun("user", "add", "expert", "陈安", "--role", "expert", "--organisation", centre)
    anxun("user", "add", "officer", "林工", "--role", "enterprise_officer", "--enterprise", first)
    for enterprise in (first, second):
        anxun("user", "assign", "expert", enterprise)
    with serving(environment, folder / "server.log") as url:
        yield Site(url, first, environment)


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """Start the Chromium of the system."""
    needed(CHROMIUM, "apt-get install -y --no-install-recommends chromium fonts-noto-cjk")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=list(QUIET_FLAGS), timeout=60_000
        )
        yield started
        started.close()
