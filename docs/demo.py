"""Put what the demo prints into the README: `python docs/demo.py < printed`."""

import re
import sys
from pathlib import Path

README = Path(__file__).resolve().parents[1] / "README.md"


def main() -> None:
    printed = "\n".join(line.rstrip() for line in sys.stdin.read().strip().splitlines())
    block = f"<!-- demo -->\n```\n{printed}\n```\n<!-- /demo -->"
    text = README.read_text(encoding="utf-8")
    filled = re.sub(r"<!-- demo -->.*<!-- /demo -->", lambda _: block, text, flags=re.DOTALL)
    README.write_text(filled, encoding="utf-8")


if __name__ == "__main__":
    main()
