"""The operator's page names every setting."""

from pathlib import Path

from api.settings import Settings

PAGE = Path("docs/operations.md").read_text()


def test_every_setting_is_documented() -> None:
    """A setting that is not on the page does not exist for an operator."""
    for name in Settings.model_fields:
        assert f"`ANXUN_{name.upper()}`" in PAGE, name
