"""A network namespace with nothing but loopback in it, for servers that always listen on all addresses."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import socket
import struct
from collections.abc import Iterator

from tests.integration.tools import unavailable

__all__ = ["LoopbackNetwork"]

#: Of Linux: linux/sched.h, linux/sockios.h, linux/if.h.
_CLONE_NEWNET = 0x40000000
_SIOCSIFFLAGS = 0x8914
_IFF_UP = 1

_libc = ctypes.CDLL(None, use_errno=True)


class LoopbackNetwork:
    """A new network. It ends with the last process in it."""

    def __init__(self) -> None:
        with _back_afterwards():
            if _libc.unshare(_CLONE_NEWNET) != 0:
                unavailable(f"A network namespace needs root: {os.strerror(ctypes.get_errno())}")
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
                fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", _IFF_UP))
            self._file = _network_of_this_thread()

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """Move this thread into the network, and what it starts meanwhile: sockets, threads, processes."""
        with _back_afterwards():
            _enter(self._file)
            yield

    def close(self) -> None:
        """Let go of it."""
        os.close(self._file)


def _network_of_this_thread() -> int:
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def _enter(file: int) -> None:
    if _libc.setns(file, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns failed")


@contextlib.contextmanager
def _back_afterwards() -> Iterator[None]:
    before = _network_of_this_thread()
    try:
        yield
    finally:
        _enter(before)
        os.close(before)
