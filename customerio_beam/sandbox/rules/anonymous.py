"""Anonymous activity: whose it becomes once somebody is identified with its `anonymous_id`.

Customer.io's documentation: setting a person's `anonymous_id` associates the events with that id of the last 30 days,
and those received within five minutes after the identify call. The sandbox measures both by the times *inside* the
operations, so that the outcome does not depend on the order in which they happen to arrive.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

JOINED_BEFORE_SECONDS = 30 * 24 * 3600
"""How long before the identify call an anonymous event may have happened to be joined, in seconds."""

JOINED_AFTER_SECONDS = 5 * 60
"""How long after the identify call an anonymous event may have happened to be joined, in seconds."""


class Link(NamedTuple):
    """An identify call that gave a person an `anonymous_id`.

    Attributes:
        time: When, in unix seconds.
        person: The key of the person.
    """

    time: int
    person: int


def owner(time: int, links: Iterable[Link]) -> int | None:
    """Returns whose an anonymous event is.

    Args:
        time: When the event happened, in unix seconds.
        links: The identify calls with its `anonymous_id`, in any order.

    Returns:
        The key of the person of the first identify call at or after the event, within 30 days; else of the last one
        before it, within five minutes; else None.
    """
    after: Link | None = None
    before: Link | None = None
    for link in links:
        if 0 <= link.time - time <= JOINED_BEFORE_SECONDS:
            after = min(after, link) if after else link
        elif 0 < time - link.time <= JOINED_AFTER_SECONDS:
            before = max(before, link) if before else link
    chosen = after or before
    return chosen.person if chosen else None
