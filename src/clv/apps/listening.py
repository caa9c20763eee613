"""Sockets of the service, bound before it starts: what is checked is what is listened on."""

from __future__ import annotations

import errno
import ipaddress
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clv.apps.addresses import UNIX, resolved
from clv.core.errors import SettingError

#: Only the owner and the group may connect to a socket of the file system.
_MODE = 0o660


@contextmanager
def listening(host: str, port: int) -> Iterator[list[socket.socket]]:
    """Sockets of every address a host stands for, closed at the end.

    Raises
    ------
    SettingError : an address that is not ours, or in use
    """
    if host.startswith(UNIX):
        path = Path(host.removeprefix(UNIX))
        made = [_unix(path)]
        try:
            yield made
        finally:
            made[0].close()
            path.unlink(missing_ok=True)
        return
    made = _bound(host, port)
    try:
        yield made
    finally:
        for one in made:
            one.close()


def addresses(sockets: list[socket.socket]) -> list[str]:
    """Where the service is, as one types it."""
    told = []
    for one in sockets:
        if one.family == socket.AF_UNIX:
            told.append(f"{UNIX}{one.getsockname()}")
            continue
        host, port = one.getsockname()[:2]
        told.append(f"http://{f'[{host}]' if ':' in host else host}:{port}")
    return told


def _bound(host: str, port: int) -> list[socket.socket]:
    made: list[socket.socket] = []
    lacking: OSError | None = None
    for address in resolved(host):
        try:
            # Where any port will do, all addresses share the one that the first one got.
            made.append(_tcp(address, made[0].getsockname()[1] if made else port, bool(made)))
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                # A name may stand for an address of IPv6 that this machine does not have.
                lacking = error
                continue
            for one in made:
                one.close()
            raise _refused(host, port, error) from None
    if not made:
        raise _refused(host, port, lacking or OSError(errno.EADDRNOTAVAIL, "no address"))
    return made


def _tcp(address: str, port: int, beside: bool) -> socket.socket:
    six = ipaddress.ip_address(address).version == 6
    made = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if six:
            # Alone, :: takes IPv4 as well; beside an address of IPv4 it must not.
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(beside))
        made.bind((address, port))
        made.listen(2048)
        made.set_inheritable(True)
    except OSError:
        made.close()
        raise
    return made


def _unix(path: Path) -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _remove_left(path)
        made.bind(str(path))
        path.chmod(_MODE)
        made.listen(2048)
    except OSError as error:
        made.close()
        raise SettingError(
            f"host: {UNIX}{path} cannot be listened on ({error.strerror or error})."
            " Choose another path."
        ) from None
    return made


def _remove_left(path: Path) -> None:
    """Remove the socket of a service that is gone; one that answers is in use."""
    if not path.exists() or not stat.S_ISSOCK(path.stat().st_mode):
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()


def _refused(host: str, port: int, error: OSError) -> SettingError:
    if error.errno == errno.EADDRINUSE:
        return SettingError(
            f"port: {port} of {host} is in use. Stop what listens there, or choose another with"
            " --port; 0 takes any."
        )
    if error.errno == errno.EACCES:
        return SettingError(
            f"port: {port} of {host} is not ours to take ({error.strerror})."
            " Choose one from 1024 up."
        )
    return SettingError(
        f"host: {host} cannot be listened on ({error.strerror}). It must be an address of this"
        " machine; 0.0.0.0 is all of them."
    )
