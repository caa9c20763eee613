"""The examples of the page on SageMaker run."""

import doctest
import json
import re
import shlex
from pathlib import Path

import pytest
import typer

from clv.apps import cli
from clv.apps.sagemaker import __main__ as container
from clv.apps.sagemaker import train_all
from tests.service.test_sagemaker import ASKED

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "how-to" / "sagemaker.md"
README = ROOT / "deploy" / "sagemaker" / "README.md"
LINES = [
    line
    for page in (PAGE, README)
    for kind, block in re.findall(
        r"^```(\w*)\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE
    )
    if not kind
    for line in block.splitlines()
]


def test_the_functions_do_what_the_page_shows(tmp_path):
    ran = doctest.testfile(
        str(PAGE), module_relative=False, globs={"folder": tmp_path / "run"}, verbose=False
    )
    assert ran.attempted > 5
    assert ran.failed == 0


def test_the_body_shown_is_the_one_that_is_tested():
    [shown] = re.findall(r"```json\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert json.loads(shown) == ASKED


COMMANDS = [line for line in LINES if re.match("clv |train_all ", line)]


@pytest.mark.parametrize("line", sorted({*COMMANDS}))
def test_the_commands_shown_are_understood(line):
    program, *words = shlex.split(line)
    app = cli.app if program == "clv" else train_all.app
    # Options that there are none of, and values of the wrong kind, stop here.
    command = typer.main.get_command(app)
    context = command.make_context(program, words)
    while hasattr(command, "commands"):
        name, command, rest = command.resolve_command(
            context, [*context._protected_args, *context.args]
        )
        context = command.make_context(name, rest, parent=context)
    assert context.params


def test_the_words_of_the_container_are_those_it_knows():
    words = [line.split()[-1] for line in LINES if "-m clv.apps.sagemaker " in line]
    assert words == ["train", "serve"] == [*container.DO]
