"""The example of covariates runs, and prints what its page shows."""

import os
import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "use-what-you-know-of-customers.md"


def run(folder, *words):
    ended = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
        env={**os.environ, "COLUMNS": "200"},
    )
    return [line.rstrip() for line in ended.stdout.splitlines()]


def test_covariates_of_the_bundled_log(tmp_path):
    page = PAGE.read_text()
    program = re.search(r"```python\n(.*?)```", page, re.DOTALL)
    command = re.search(r"`clv (fit mbgnbd cdnow [^`]*)` prints", page)
    shown = re.search(r"prints\n\n```\n(.*?)```", page, re.DOTALL)
    assert program
    assert command
    assert shown
    run(tmp_path, "-c", program.group(1))
    printed = run(tmp_path, "-m", "clv", *command.group(1).split())
    assert printed == shown.group(1).splitlines()
    # What the page says of it: the gain over the model without.
    without = run(tmp_path, "-m", "clv", *re.sub(r"--customers \S+", "", command.group(1)).split())
    likelihoods = [
        float(re.search(r"log-likelihood (\S+) of", lines[-1]).group(1).replace(",", ""))
        for lines in (printed, without)
    ]
    assert f"{likelihoods[0] - likelihoods[1]:.0f} above" in page
