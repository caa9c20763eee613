"""`clv keys`: made, listed, revoked, and never read back."""

import json
import re

import pytest
from typer.testing import CliRunner

from clv.apps.commands.keys import keys_app
from clv.apps.settings import settings
from clv.core.errors import SettingError
from clv.ops.store.database import FILE


@pytest.fixture
def command(tmp_path, monkeypatch):
    """`clv keys`, in this process."""
    monkeypatch.setenv("CLV_HOME", str(tmp_path / "home"))
    settings.cache_clear()
    yield lambda *words: CliRunner().invoke(keys_app, words, catch_exceptions=False)
    settings.cache_clear()


def test_keys_are_made_listed_and_revoked_and_cannot_be_read_back(command, tmp_path):
    assert "Make one with" in command("list").stdout
    made = json.loads(
        command("make", "--name", "test", "--scope", "read", "--scope", "predict", "--json").stdout
    )
    assert made["scopes"] == ["read", "predict"]
    said = command("make", "--name", "ops", "--scope", "admin", "--days", "90").stdout
    secret = re.search(r"clv_[0-9a-f]{12}_\S{43}", said)[0]
    assert "It is not shown again" in said
    listed, table = command("list", "--json").stdout, command("list").stdout
    assert [(one["name"], one["status"]) for one in json.loads(listed)] == [
        ("ops", "valid"),
        ("test", "valid"),
    ]
    assert made["key_id"] in table
    assert "no longer works" in command("revoke", made["key_id"]).stdout
    assert json.loads(command("list", "--json").stdout)[1]["status"] == "revoked"
    kept = b"".join(path.read_bytes() for path in (tmp_path / "home").glob(FILE + "*"))
    assert made["key_id"].encode() in kept
    for key in (secret, made["key"]):
        own = key.split("_", 2)[2]
        assert own not in listed + table
        assert own.encode() not in kept


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["revoke", "x"], "key: there is none with the id 'x'"),
        (["make", "--name", "a", "--scope", "write"], "Scopes: read, predict, train, admin"),
        (["make", "--name", " ", "--scope", "read"], "name: a key needs one"),
    ],
)
def test_mistakes_with_keys_get_a_sentence(command, words, said):
    with pytest.raises(SettingError, match=said):
        command(*words)
