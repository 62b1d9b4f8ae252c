"""`tap-billit-login` and the tap keep a login in a store of each kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from tap_billit.doctor.command import main as doctor
from tap_billit.tokens.command import main
from tests.kit.demo import empty_demo
from tests.kit.login import count_companies, login_to
from tests.kit.person import Person

if TYPE_CHECKING:
    from pathlib import Path

    from tests.storage.conftest import Kind


@pytest.mark.parametrize("kind", ["objects", "s3", "postgres"], indirect=True)
def test_a_login_is_made_renewed_listed_and_revoked(
    kind: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with empty_demo() as demo:
        person = Person(demo, tmp_path)
        monkeypatch.setattr("webbrowser.open", person.browses)
        person.config["token_store"] = kind.document
        result = person.runs()
        assert result.exit_code == 0, result.output
        assert person.store.place in result.output
        demo.expire_access_tokens()
        assert count_companies(demo, login_to(demo, person.store)) == 2
        assert demo.refreshes == demo.live_refresh_tokens == 1
        assert demo.url in CliRunner().invoke(main, ["list", kind.collection]).output
        report = tmp_path / "report.md"
        asked = ["--config", str(person.file), "--report", str(report)]
        assert CliRunner().invoke(doctor, asked).exit_code == 0
        assert "OAuth" in report.read_text()
        assert demo.live_refresh_tokens == 1
        assert person.runs("--revoke").exit_code == 0
        assert person.store.load() is None


@pytest.mark.parametrize("kind", ["objects", "postgres"], indirect=True)
def test_a_login_is_moved_from_a_file_and_back(kind: Kind, tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    file.write_text('{"environment": "sandbox", "client": "x", "refresh_token": "refresh-1"}')
    for source, target in ((str(file), kind.document), (kind.document, str(file))):
        result = CliRunner().invoke(main, ["move", source, target])
        assert result.exit_code == 0, result.output
        assert file.exists() == (target == str(file))
    assert kind.open().read() is None
    assert "refresh-1" in file.read_text()
