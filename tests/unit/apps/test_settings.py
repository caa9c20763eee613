"""Settings: from the environment, over the file, over the defaults; mistakes are named."""

import pytest

from clv.apps.settings import Settings, checked, environment, settings, variable
from clv.core.errors import SettingError


@pytest.fixture(autouse=True)
def _clean(monkeypatch):
    for name in Settings.model_fields:
        monkeypatch.delenv(variable(name), raising=False)
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture
def file(tmp_path, monkeypatch):
    def write(text):
        path = tmp_path / "clv.yaml"
        path.write_text(text)
        monkeypatch.setenv("CLV_CONFIG", str(path))
        return path

    return write


def test_the_environment_wins_over_the_file_and_the_file_over_defaults(file, monkeypatch):
    file("port: 9000\nworkers: 3\nhome: elsewhere\n")
    monkeypatch.setenv("CLV_PORT", "9001")
    found = settings()
    assert (found.port, found.workers, str(found.home), found.host) == (
        9001,
        3,
        "elsewhere",
        "127.0.0.1",
    )


def test_the_file_takes_every_setting_by_its_name(file, monkeypatch):
    told = {
        name: value
        for name, value in Settings().model_dump(mode="json").items()
        if value is not None
    }
    told |= {"database_url": "sqlite:///a.db", "redis_url": "redis://a", "threads": 2}
    told |= {"rate_limit": "5/second", "s3_endpoint": "http://s3", "allowed_hosts": ["a"]}
    told |= {"sagemaker_user": "clv"}
    import yaml

    file(yaml.safe_dump(told))
    found = settings().model_dump(mode="json")
    assert {name: found[name] for name in told} == told
    assert found.keys() - told.keys() == {"config"}


def test_lists_are_words_in_a_variable_and_lists_in_the_file(file, monkeypatch):
    file("allowed-hosts: [a.example, b.example]\ncors_origins: https://c.example\n")
    assert settings().allowed_hosts == ["a.example", "b.example"]
    assert settings().cors_origins == ["https://c.example"]
    monkeypatch.setenv("CLV_ALLOWED_HOSTS", " d.example , ,e.example")
    settings.cache_clear()
    assert settings().allowed_hosts == ["d.example", "e.example"]


def test_an_empty_variable_is_one_not_set(monkeypatch):
    monkeypatch.setenv("CLV_PORT", "")
    monkeypatch.setenv("CLV_DATABASE_URL", "")
    assert (settings().port, settings().database_url) == (8000, None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("prot: 9000", "prot in .* is not a setting. Known settings: allowed_hosts, "),
        ("- 1", "has no settings. Write each as name: value"),
        ("a: [", "is not YAML"),
        ("config: other.yaml", "config in .* is not a setting"),
        ("port: many", "CLV_PORT is 'many'"),
    ],
)
def test_a_file_that_cannot_be_used_is_told(file, text, said):
    file(text)
    with pytest.raises(SettingError, match=said):
        settings()


@pytest.mark.parametrize("value", ["2025-02-30", "!!int s3cret", "!!timestamp s3cret", "[" * 2_000])
def test_a_value_that_cannot_be_one_is_not_told(file, value):
    file(f"port: {value}")
    with pytest.raises(SettingError, match="is not YAML") as told:
        settings()
    assert "s3cret" not in str(told.value)


@pytest.mark.parametrize("value", ["s3cret: x", "*s3cret", "!s3cret x", "'s3cret"])
def test_a_broken_file_does_not_tell_what_is_in_it(file, value):
    file(f"port: 9000\ndatabase_url: {value}")
    with pytest.raises(SettingError, match=r"is not YAML from line [23] on") as told:
        settings()
    assert "s3cret" not in str(told.value)


@pytest.mark.parametrize(
    "text",
    ["postgresql://bob:s3cret@db/clv:", "s3cret token: 1", "port: 1\n0s3cret: 2"],
)
def test_what_stands_in_place_of_a_name_is_not_told(file, text):
    file(text)
    with pytest.raises(SettingError, match=r"a name in .* is not a setting") as told:
        settings()
    assert "s3cret" not in str(told.value)


def test_a_file_that_is_not_there_is_told(monkeypatch):
    monkeypatch.setenv("CLV_CONFIG", "/nowhere/clv.yaml")
    with pytest.raises(SettingError, match=r"/nowhere/clv.yaml cannot be read"):
        settings()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("CLV_PORT", "70000", "CLV_PORT is '70000'"),
        ("CLV_RATE_LIMIT", "often", "'often'. Write it as 600/minute"),
        ("CLV_BODY_LIMIT", "3 bytes of", "CLV_BODY_LIMIT"),
        ("CLV_LOG_LEVEL", "loud", "CLV_LOG_LEVEL is 'loud'"),
        ("CLV_WORKERS", "0", "CLV_WORKERS is '0'"),
        ("CLV_PAGE_LIMIT", "1001", "CLV_PAGE_LIMIT is '1001'"),
        ("CLV_REDIS_URL", "http://x", "Write it as redis://host:6379/0"),
    ],
)
def test_a_variable_that_cannot_be_used_is_named(monkeypatch, name, value, said):
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingError, match=said):
        settings()


def test_passwords_are_not_told(monkeypatch):
    with pytest.raises(SettingError) as told:
        checked({"database_url": "mysql://clv:secret@db/clv"})
    assert "secret" not in str(told.value)
    assert "postgresql://user:password@host/name" in str(told.value)
    found = checked(
        {"database_url": "postgresql://clv:secret@db/clv", "redis_url": "redis://:secret@c"}
    )
    assert "secret" not in repr(found)
    assert "secret" not in str(found)


def test_processes_it_starts_are_told_the_same(monkeypatch):
    found = checked(
        {"port": 0, "allowed_hosts": ["a", "b"], "require_keys": True, "body_limit": "2MiB"}
    )
    for name, value in environment(found).items():
        monkeypatch.setenv(name, value)
    assert settings() == found


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost", True),
        ("unix:/run/clv.sock", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.1.2.3", False),
        ("::ffff:10.1.2.3", False),
    ],
)
def test_only_this_machine_reaches_loopback(host, loopback):
    found = checked({"host": host})
    assert found.on_loopback == found.open_door == loopback
    assert found.rate == (None if loopback else "600/minute")
    asking = checked({"host": host, "require_keys": True})
    # As behind a proxy on this machine, by which everybody comes.
    assert (asking.open_door, asking.rate) == (False, "600/minute")


def test_a_name_that_stands_for_another_machine_too_is_not_loopback(monkeypatch):
    from clv.apps import addresses

    both = [(2, 1, 6, "", ("127.0.0.1", 0)), (2, 1, 6, "", ("192.168.0.7", 0))]
    monkeypatch.setattr(addresses.socket, "getaddrinfo", lambda *_, **__: both)
    assert not addresses.is_loopback("both.example.test")


def test_a_limit_can_be_set_and_lifted():
    assert checked({"rate_limit": "5/second"}).rate == "5/second"
    assert checked({"rate_limit": "none", "host": "0.0.0.0"}).rate is None
