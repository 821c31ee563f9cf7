"""Settings come from variables or from files, and dangerous ones are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.environment import Environment, environment


def test_settings_may_be_files_and_variables_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Docker's and systemd's secrets are; with the line break that editors leave behind."""
    for name, value in {
        "TENANTRY_SECRETS_KEY": "of a file",
        "DATABASE_URL": "postgresql://of/file",
        "TENANTRY_MAIL_URL": "smtp://file",
    }.items():
        (tmp_path / name).write_text(value + "\n")
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TENANTRY_SECRETS_DIR", str(tmp_path))
    monkeypatch.setenv("TENANTRY_MAIL_URL", "smtp://variable")
    found = environment.__wrapped__()
    assert found.secrets_keys() == ["of a file"]
    assert [secret.get_secret_value() for secret in (found.database_url, found.mail_url)] == ["postgresql://of/file", "smtp://variable"]

    monkeypatch.setenv("TENANTRY_SECRETS_DIR", str(tmp_path / "gone"))
    with pytest.raises(SystemExit, match="which is no folder"):
        environment.__wrapped__()


def test_production_refuses_the_door_to_its_own_machine() -> None:
    assert Environment(mode="development", allow_loopback_webhooks="on").loopback_webhooks
    with pytest.raises(SystemExit, match="TENANTRY_ALLOW_LOOPBACK_WEBHOOKS is for development"):
        Environment(mode="production", allow_loopback_webhooks="on")
