"""SageMaker's container without one: its folders, and its entry point as a process."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.logs import write_log

#: So that training takes seconds.
HYPERPARAMETERS = {
    "horizon": "90",
    "budget": "fast",
    "models": '["mbgnbd", "hybrid"]',
    "level": "0.9",
    "sagemaker_region": "nowhere",
}


def entry(root: Path, what: str, **more: str) -> subprocess.Popen[bytes]:
    """What SageMaker does: start the container with a word."""
    env = {**os.environ, "CLV_SAGEMAKER_ROOT": str(root), "CLV_SAGEMAKER_HOST": "127.0.0.1", **more}
    words = [sys.executable, "-m", "clv.apps.sagemaker", what]
    return subprocess.Popen(words, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def laid(root: Path, log: Path | None = None, told=HYPERPARAMETERS, **configs) -> Path:
    """The folders of a training job.

    Parameters
    ----------
    configs : name of a file in input/config, without its ending -> what it holds
    """
    config = root / "input" / "config"
    config.mkdir(parents=True)
    for name, content in {"hyperparameters": told, **configs}.items():
        (config / f"{name}.json").write_text(json.dumps(content))
    data = root / "input" / "data" / "training"
    data.mkdir(parents=True)
    if log is not None:
        shutil.copy(log, data)
    (root / "model").mkdir()
    (root / "output").mkdir()
    return root


def write_stays(folder: Path) -> Path:
    """The log of a hotel, under a hotel's names."""
    with write_log(folder / "plain.csv").open(newline="") as plain:
        rows = list(csv.reader(plain))
    with (folder / "stays.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["CustomerID", "Arrival Date", "Total Revenue USD", "Channel"])
        writer.writerows(rows[1:])
    return folder / "stays.csv"
