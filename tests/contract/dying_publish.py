"""A publish that halts halfway: `python -m tests.contract.dying_publish RUN HOME URL`.

It says "loading" once some rows are in, and would wait for a minute before the rest.
"""

import sys
import time
from pathlib import Path

from clv.ops.runs import Run
from clv.ops.store import publishing, runfiles
from clv.ops.store.database import Store


def main() -> None:
    folder, home, url = sys.argv[1:]
    whole = runfiles.lots

    def halting(run):
        for lot in whole(run):
            yield lot.slice(0, 50)
            sys.stdout.write("loading\n")
            sys.stdout.flush()
            time.sleep(60)

    runfiles.lots = halting
    store = Store.open(url or None, Path(home))
    publishing.publish(store, Run.open(Path(folder)))


if __name__ == "__main__":
    main()
