"""The examples of the page on SageMaker run."""

import doctest
import json
import re
from pathlib import Path

from tests.service.test_sagemaker import ASKED

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "sagemaker.md"


def test_the_functions_do_what_the_page_shows(tmp_path):
    ran = doctest.testfile(
        str(PAGE), module_relative=False, globs={"folder": tmp_path / "run"}, verbose=False
    )
    assert ran.attempted > 5
    assert ran.failed == 0


def test_the_body_shown_is_the_one_that_is_tested():
    [shown] = re.findall(r"```json\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert json.loads(shown) == ASKED
