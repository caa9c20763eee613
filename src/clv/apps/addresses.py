"""Which addresses only this machine can reach."""

from __future__ import annotations

import ipaddress
import socket
from functools import lru_cache

from clv.core.errors import SettingError

UNIX = "unix:"


def is_loopback(host: str) -> bool:
    """Whether all a host stands for is loopback; a socket of the file system is."""
    if host.startswith(UNIX):
        return True
    return all(ipaddress.ip_address(address).is_loopback for address in resolved(host))


@lru_cache(maxsize=64)
def resolved(host: str) -> tuple[str, ...]:
    """Addresses of a host, each once.

    Raises
    ------
    SettingError : no such host
    """
    try:
        found = socket.getaddrinfo(
            host.strip("[]"), None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (OSError, UnicodeError) as error:
        raise SettingError(
            f"host: {host!r} is no address of this machine ({error})."
            " Use 127.0.0.1 for this machine alone, 0.0.0.0 for every network it is on."
        ) from None
    # A link-local address has its interface behind a %.
    return tuple(dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found))
