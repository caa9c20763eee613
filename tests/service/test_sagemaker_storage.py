"""Models put into folders and taken out of archives, and what the image is made of."""

import importlib
import re
import tarfile
import tomllib
from pathlib import Path

import pytest

from clv.apps.sagemaker.storage import put, require_place, unpack
from clv.core.errors import RunError, SourceError, StorageError
from tests.commands import train_all

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy" / "sagemaker"


def a_run(folder, mark, *names):
    for name in ("manifest.json", "model/scorer.json", *names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(mark)
    return folder


def held(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "model.tar.gz"
    }


def test_an_archive_is_unpacked_as_it_was_packed(tmp_path):
    run = a_run(tmp_path / "run", "1", "report.html")
    written = put(run, str(tmp_path / "out"), None)
    assert held(tmp_path / "out") == held(run)
    assert written[-1] == str(tmp_path / "out" / "model.tar.gz")
    unpack(Path(written[-1]), tmp_path / "again")
    assert held(tmp_path / "again") == held(run)


def test_a_model_takes_the_place_of_the_former_one_whole(tmp_path):
    out = tmp_path / "out"
    put(a_run(tmp_path / "first", "1", "readiness.json", "model/onetime.json"), str(out), None)
    (out / "notes.txt").write_text("mine")
    (out / ".partial-dead").mkdir()
    second = a_run(tmp_path / "second", "2", "report.html")
    require_place(str(out), None)
    put(second, str(out), None)
    assert held(out) == {**held(second), "notes.txt": "mine"}
    unpack(out / "model.tar.gz", tmp_path / "again")
    assert held(tmp_path / "again") == held(second)


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.png").write_text("meow")
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"holds cat\.png"):
        require_place(str(tmp_path / "photos"), None)
    with pytest.raises(StorageError, match="is a file"):
        require_place(str(tmp_path / "file"), None)
    with pytest.raises(SourceError, match="names no bucket"):
        require_place("s3://", None)
    require_place(str(tmp_path / "none" / "yet"), None)
    done = train_all(tmp_path, "--input-data", "none.csv", "--output-model", "photos")
    assert done.returncode == 7
    assert "nothing was touched" in done.stderr


@pytest.mark.parametrize("name", ["../out", "/tmp/out", "model/../../out", "link", "hard", "pipe"])
def test_an_archive_with_tricks_is_refused(tmp_path, name):
    archive = tmp_path / "model.tar.gz"
    kinds = {"link": tarfile.SYMTYPE, "hard": tarfile.LNKTYPE, "pipe": tarfile.FIFOTYPE}
    with tarfile.open(archive, "w:gz") as packed:
        told = tarfile.TarInfo(name)
        told.type = kinds.get(name, tarfile.REGTYPE)
        told.linkname = "manifest.json" if name in kinds else ""
        packed.addfile(told)
    with pytest.raises(RunError, match="no plain file"):
        unpack(archive, tmp_path / "inside")
    assert not (tmp_path / "out").exists()
    assert not any(path.is_file() for path in (tmp_path / "inside").rglob("*"))


def test_a_file_that_is_no_archive_is_refused(tmp_path):
    (tmp_path / "model.tar.gz").write_bytes(b"no archive")
    with pytest.raises(RunError, match="cannot be unpacked"):
        unpack(tmp_path / "model.tar.gz", tmp_path / "inside")


def test_the_image_is_made_of_what_is_there():
    text = (DEPLOY / "Dockerfile").read_text()
    copied = [
        name
        for line in re.findall(r"^COPY (?!--from)(.+)$", text, re.MULTILINE)
        for name in line.split()[:-1]
    ]
    assert copied
    assert all((ROOT / name).exists() for name in copied)
    let_in = re.findall(r"^!(.+)$", (DEPLOY / "Dockerfile.dockerignore").read_text(), re.MULTILINE)
    assert sorted(let_in) == sorted(copied)


def test_the_commands_of_the_package_lead_somewhere():
    told = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert told["train_all"] == "clv.apps.sagemaker.train_all:main"
    for target in told.values():
        module, _, name = target.partition(":")
        assert callable(getattr(importlib.import_module(module), name))


def test_the_image_starts_what_the_tests_start():
    text = (DEPLOY / "Dockerfile").read_text()
    assert 'ENTRYPOINT ["python", "-m", "clv.apps.sagemaker"]' in text
    assert 'CMD ["serve"]' in text
    [user] = re.findall(r"CLV_SAGEMAKER_USER=(\w+)", text)
    assert f"useradd --create-home {user} " in text
    locked = (ROOT / "requirements.lock").read_text()
    for needed in ("boto3", "fastapi", "uvicorn", "hatchling"):
        assert re.search(rf"^{needed}==", locked, re.MULTILINE), needed
