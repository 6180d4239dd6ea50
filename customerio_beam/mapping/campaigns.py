"""Which operations can trigger a campaign at Customer.io."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

__all__ = ["CAMPAIGN_WINDOW_SECS", "can_trigger"]

#: An event stamped within the last 72 hours can trigger campaigns (Customer.io's documentation).
CAMPAIGN_WINDOW_SECS: Final = 72 * 3600

_TRIGGERING: Final = frozenset({"event", "page", "screen"})


def can_trigger(operation: Mapping[str, Any]) -> bool:
    """Tell whether an operation can trigger a campaign, if it is young enough."""
    # An event of a delivery (a push was opened, say) is not an event of a person.
    return operation["action"] in _TRIGGERING and operation["type"] != "delivery"
