"""Examples of requests in pages, and running them against a service."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

#: Where pages say that the service is.
BASE = "http://127.0.0.1:8000"
#: A command, and the answer where one is shown.
_BLOCK = re.compile(r"```bash\n(curl .*?)\n```\n(?:\n?```json\n(.*?)\n```\n)?", re.DOTALL)
_OVER = ("done", "failed", "cancelled")
_JOB_SECONDS = 240
#: Names in examples, and where in an answer their values are.
_NAMED = {"JOB_ID": "job_id", "UPLOAD_ID": "upload_id"}


@dataclass(frozen=True)
class Answer:
    """
    Attributes
    ----------
    content : JSON; text where it is none
    """

    status: int
    content: Any


@dataclass
class Runner:
    """Sends what examples say, one after the other.

    Parameters
    ----------
    url : of the service
    values : of names that examples have in place of what the reader knows, as JOB_ID
    folder : where the files are that examples send
    """

    url: str
    values: dict[str, str]
    folder: Path

    def run(self, command: str) -> Answer:
        """
        Raises
        ------
        LookupError : a name has no value yet
        """
        answer = _sent([self._filled(word) for word in words_of(command)], self.folder)
        content = answer.content
        if isinstance(content, dict):
            found = {name: content[key] for name, key in _NAMED.items() if key in content}
            self.values.update(found)
            if "job_id" in content and answer.status == 202:
                self._wait()
        return answer

    def _filled(self, word: str) -> str:
        word = word.replace(BASE, self.url)
        for name in re.findall(r"\$?\b(?:[A-Z]+_ID|KEY)\b", word):
            word = word.replace(name, self.values[name.removeprefix("$")])
        return word

    def _wait(self) -> None:
        """Until a job is over: what comes next may be of what it made."""
        until = time.monotonic() + _JOB_SECONDS
        headers = {"Authorization": f"Bearer {self.values['KEY']}"}
        while time.monotonic() < until:
            url = f"{self.url}/api/jobs/{self.values['JOB_ID']}"
            job = httpx.get(url, headers=headers, timeout=30).json()
            if job["status"] in _OVER:
                if job["status"] != "done":
                    raise RuntimeError(f"an example's job ended as {job}")
                if "run_id" in job["result"]:
                    self.values["RUN_ID"] = job["result"]["run_id"]
                return
            time.sleep(0.2)
        raise TimeoutError(f"an example's job is not over after {_JOB_SECONDS} s")


def examples(page: str) -> Iterator[tuple[str, Any]]:
    """Commands of a page, and their answers as shown; None where none is."""
    for command, shown in _BLOCK.findall(page):
        yield command, json.loads(shown) if shown else None


def refreshed(page: str, answer: Callable[[str], str]) -> str:
    """A page with the answers that it shows as they are now.

    Parameters
    ----------
    answer : to a command, as JSON
    """

    def put(found: re.Match[str]) -> str:
        told = answer(found[1])
        return found[0] if found[2] is None else found[0].replace(found[2], told)

    return _BLOCK.sub(put, page)


def words_of(command: str) -> list[str]:
    """As a shell takes it apart."""
    return shlex.split(command.replace("\\\n", " "))


def _sent(words: list[str], folder: Path) -> Answer:
    if shutil.which("curl"):
        ended = subprocess.run(  # noqa: S603 - what our own pages say
            [*words, "-s", "-w", "\n%{http_code}"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
        )
        text, _, status = ended.stdout.rpartition("\n")
        return Answer(int(status), _content(text))
    response = httpx.request(**request_of(words, folder), timeout=60)
    return Answer(response.status_code, _content(response.text))


def _content(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def request_of(words: list[str], folder: Path) -> dict[str, Any]:
    """What curl would send, where there is none."""
    made: dict[str, Any] = {"method": "GET", "headers": {}}
    rest = iter(words[1:])
    for word in rest:
        if word == "-X":
            made["method"] = next(rest)
        elif word == "-H":
            name, _, value = next(rest).partition(": ")
            made["headers"][name] = value
        elif word in ("-d", "--data-binary"):
            sent = next(rest)
            file = sent.startswith("@")
            made["content"] = (folder / sent[1:]).read_bytes() if file else sent
            made["method"] = "POST"
        elif not word.startswith("-"):
            made["url"] = word
    return made
