"""What the mapping of a call returns."""

from __future__ import annotations

from typing import Any

from customerio_beam.mapping.errors import InvalidEvent

__all__ = ["Operation", "Parts"]

#: One Track API v2 operation.
Operation = dict[str, Any]

#: Operations in the order in which to send them. An ``InvalidEvent`` among them is a part of the event that can't be
#: sent, while the rest can: it says which part, and why.
Parts = list[Operation | InvalidEvent]
