"""As many requests as a server answers: wrk, from the same machine."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Connections of wrk's one thread: enough that the server never waits for it.
CONNECTIONS = 16
#: Asks for a random line of a file: its end of the path, or the body.
SCRIPT = """
local lines, method, path = {}, "GET", ""
function init(args)
  method, path = args[1], args[2]
  for line in io.lines(args[3]) do lines[#lines + 1] = line end
  math.randomseed(20)
end
function request()
  local line = lines[math.random(#lines)]
  if method == "GET" then return wrk.format("GET", path .. line) end
  return wrk.format("POST", path, {["Content-Type"] = "application/json"}, line)
end
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('\\n{"requests": %d, "seconds": %f, "failed": %d}\\n', summary.requests,
    summary.duration / 1e6, e.connect + e.read + e.write + e.status + e.timeout))
end
"""


@dataclass(frozen=True)
class Asked:
    """What a route is asked.

    Attributes
    ----------
    method, path : of the route
    lines : file of ends of the path, or of bodies; one of them is asked at random, each time
    """

    method: Literal["GET", "POST"]
    path: str
    lines: Path


def require_wrk() -> None:
    """
    Raises
    ------
    FileNotFoundError : it is not installed
    """
    if shutil.which("wrk") is None:
        raise FileNotFoundError("wrk is not installed; .ci/wrk does it.")


def written(path: Path, lines: Iterable[str]) -> Path:
    """A file of lines."""
    with path.open("w") as file:
        file.writelines(f"{line}\n" for line in lines)
    return path


def throughput(url: str, asked: Asked, span: int, work: Path) -> float:
    """Requests a second over so many whole seconds.

    Raises
    ------
    RuntimeError : wrk failed, or a request did
    """
    script = work / "wrk.lua"
    script.write_text(SCRIPT)
    command = ["wrk", "-t", "1", "-c", str(CONNECTIONS), "-d", f"{span}s", "-s", str(script)]
    arguments = ["--", asked.method, asked.path, str(asked.lines)]
    done = subprocess.run([*command, url, *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"wrk ended with {done.returncode}: {done.stdout}{done.stderr}")
    told = json.loads(done.stdout.strip().splitlines()[-1])
    if told["failed"] or not told["requests"]:
        raise RuntimeError(f"{url}{asked.path}: {told['failed']} of {told['requests']} failed")
    return float(told["requests"]) / float(told["seconds"])
