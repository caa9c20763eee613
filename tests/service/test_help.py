"""What `clv --help` says: every command, each with an example, at once."""

import json
import resource
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from clv.apps.cli import app

#: What no command needs before it does its work.
HEAVY = ("alembic", "boto3", "duckdb", "fastapi", "httpx", "huey", "ibis", "numpy", "pandas")
HEAVY += ("pyarrow", "redis", "scipy", "sqlalchemy", "starlette", "uvicorn", "xgboost")


def commands(group, *words):
    """Every command by the words it is called with."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, *words, name)
            if not command.invoke_without_command:
                continue
        yield (*words, name)


COMMANDS = list(commands(typer.main.get_command(app)))


def test_help_lists_every_command(monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    told = CliRunner().invoke(app, ["--help"]).output
    first, second = told.split("The service")
    for words in COMMANDS:
        served = words[0] in ("publish", "rollback", "runs", "serve", "worker", "jobs", "keys")
        served = served or words[0] in ("audit", "sagemaker")
        part = second if served else first
        assert f" {words[0]} " in part, words
    assert len(COMMANDS) >= 20


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_each_has_an_example_that_starts_with_its_name(words, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    for flag in ("--help", "-h"):
        told = CliRunner().invoke(app, [*words, flag])
        assert told.exit_code == 0, told.output
    lines = [line.strip(" │") for line in told.output.splitlines()]
    at = next(place for place, line in enumerate(lines) if line.startswith("Example"))
    named = " ".join(("clv", *words))
    assert any(line == named or f"{named} " in line for line in lines[at:]), told.output


def test_nothing_heavy_is_imported_for_help():
    program = "import json, sys, clv.apps.cli; print(json.dumps(sorted(sys.modules)))"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert not {name.split(".")[0] for name in json.loads(ended.stdout)} & set(HEAVY)
    # Half a second is promised; of the processor's time, as others may want it too.
    took = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert took < 0.8
