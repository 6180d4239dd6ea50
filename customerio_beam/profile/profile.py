"""The base of all profiles: how they are merged, and carried from worker to worker."""

from __future__ import annotations

from typing import Any

import msgspec

__all__ = ["Profile"]


class Profile(msgspec.Struct, tag=True):
    """What some elements are like. Profiles of one class can be merged."""

    def add(self, element: Any) -> None:
        """Count one element."""
        raise NotImplementedError

    def merge(self, other: Any) -> None:
        """Add the profile of another part of the input, of the same class."""
        raise NotImplementedError
