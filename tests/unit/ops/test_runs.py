import json
from pathlib import Path

import pytest

from clv.core.errors import RunError, StorageError
from clv.ops import runs

MINIMAL = {"format": runs.FORMAT, "run_id": "one", "as_of": "2024-01-01", "settings": {}}


def publish(place, text):
    with runs.staging(place) as folder:
        runs.write_json(folder / runs.MANIFEST, {**MINIMAL, "text": text})
        (folder / "inner").mkdir()
        (folder / "inner" / "file").write_text(text)


def text_of(place):
    return json.loads((place / runs.MANIFEST).read_text())["text"]


def leftovers(place):
    return [path.name for path in place.parent.iterdir() if path.name != place.name]


def test_a_run_appears_whole(tmp_path):
    publish(tmp_path / "out", "first")
    assert text_of(tmp_path / "out") == "first"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["inner", runs.MANIFEST]
    assert leftovers(tmp_path / "out") == []


def test_a_later_run_takes_its_place(tmp_path):
    for text in ("first", "second", "third"):
        publish(tmp_path / "out", text)
    assert text_of(tmp_path / "out") == "third"
    assert leftovers(tmp_path / "out") == []


def test_where_folders_cannot_be_exchanged_two_renames_do(tmp_path, monkeypatch):
    monkeypatch.setattr(runs.ctypes, "CDLL", lambda *_, **__: object())
    publish(tmp_path / "out", "first")
    publish(tmp_path / "out", "second")
    assert text_of(tmp_path / "out") == "second"
    assert leftovers(tmp_path / "out") == []


def test_an_error_leaves_the_former_run(tmp_path):
    publish(tmp_path / "out", "first")
    with pytest.raises(TypeError, match="must be str"):
        publish(tmp_path / "out", None)
    assert text_of(tmp_path / "out") == "first"
    assert leftovers(tmp_path / "out") == []


def test_folders_left_by_killed_runs_are_removed_and_those_at_work_are_not(tmp_path):
    place = tmp_path / "out"
    dead = tmp_path / ".out.partial-dead"
    dead.mkdir()
    (dead / "half").write_text("written")
    (tmp_path / ".out.partial-dead.lock").touch()
    with runs.staging(place) as alive:
        assert not dead.exists()
        assert not (tmp_path / ".out.partial-dead.lock").exists()
        publish(place, "by another process")
        assert alive.exists()
        runs.write_json(alive / runs.MANIFEST, {**MINIMAL, "text": "slow"})
    assert text_of(place) == "slow"


def test_a_kill_between_the_two_renames_is_healed_by_the_next_run(tmp_path):
    place = tmp_path / "out"
    publish(place, "first")
    place.rename(tmp_path / ".out.partial-abcd-former")
    (tmp_path / ".out.partial-abcd.lock").touch()
    with pytest.raises(ZeroDivisionError), runs.staging(place):
        raise ZeroDivisionError
    assert text_of(place) == "first"


def test_a_folder_of_something_else_is_never_replaced(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(RunError, match="not a run folder; nothing was touched"):
        runs.place_of("id", tmp_path, tmp_path / "home")
    assert runs.place_of("id", tmp_path / "new", tmp_path) == tmp_path / "new"
    (tmp_path / "empty").mkdir()
    assert runs.place_of("id", tmp_path / "empty", tmp_path) == tmp_path / "empty"


def test_a_forbidden_folder_is_told_in_words(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(runs.Path, "mkdir", refuse)
    with pytest.raises(StorageError, match="may not be written"):
        publish(tmp_path / "deep" / "out", "never")


def test_latest_is_the_run_pointed_to(tmp_path):
    with pytest.raises(RunError, match="Make one with `clv run LOG`"):
        runs.find("latest", tmp_path)
    for run_id in ("one", "two"):
        publish(tmp_path / "runs" / run_id, run_id)
        runs.point_to(run_id, tmp_path)
    assert runs.find("latest", tmp_path).manifest["text"] == "two"
    assert runs.find("one", tmp_path).manifest["text"] == "one"
    assert runs.find(str(tmp_path / "runs" / "one"), tmp_path).manifest["text"] == "one"


def test_a_run_of_another_format_is_refused(tmp_path):
    (tmp_path / runs.MANIFEST).write_text(json.dumps({**MINIMAL, "format": 99}))
    with pytest.raises(RunError, match="has format 99; this version reads 1"):
        runs.Run.open(tmp_path)


@pytest.mark.parametrize("content", ["[]", "{}", '{"format": 1}', "no json"])
def test_a_broken_manifest_is_refused(tmp_path, content):
    (tmp_path / runs.MANIFEST).write_text(content)
    with pytest.raises(RunError, match="manifest"):
        runs.Run.open(tmp_path)


def test_a_link_stays_a_link_to_the_newer_run(tmp_path):
    publish(tmp_path / "real", "first")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    publish(tmp_path / "link", "second")
    assert (tmp_path / "link").is_symlink()
    assert text_of(tmp_path / "real") == "second"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "real"]


def test_a_folder_of_the_system_that_takes_no_files_is_told():
    with (
        pytest.raises(StorageError, match="storage: /proc takes no files"),
        runs.staging(Path("/proc/clv-run")),
    ):
        pass
