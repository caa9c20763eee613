"""Opens a store, forks, and reads in the child and then in the parent.

`python -m tests.contract.forking HOME URL`"""

import os
import sys
from pathlib import Path

from clv.ops.store.database import Store
from clv.ops.store.publishing import current


def read(store: Store, who: str) -> None:
    with store.reading() as conn:
        sys.stdout.write(f"{who} {current(conn).run_id}\n")
    sys.stdout.flush()


def main() -> int:
    home, url = sys.argv[1:]
    store = Store.open(url or None, Path(home))
    with store.reading() as conn:
        current(conn)
    child = os.fork()
    if child == 0:
        read(store, "child")
        return 0
    _, status = os.waitpid(child, 0)
    read(store, "parent")
    store.close()
    return os.waitstatus_to_exitcode(status)


sys.exit(main())
