"""Joins the events of anonymous visitors to the people who claim them."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Iterable, Iterator

from customerio_beam.delivery.blocks import Row

__all__ = ["join_claims"]

_VISITOR = operator.attrgetter("key")


def join_claims(events: Iterable[Row], claims: Iterable[Row]) -> Iterator[tuple[Row, bytes | None]]:
    """Find the person for each event of a visitor.

    It is the person of the visitor's first claim at or after the event; without one, of the last claim before it.

    Args:
        events: The events of any visitors. ``key`` is the visitor's; sorted by it and by time.
        claims: Their claims, likewise. ``operation`` holds the identifiers of the person.

    Yields:
        Each event, with the identifiers of its person, or None if nobody claims the visitor.
    """
    by_visitor = itertools.groupby(claims, _VISITOR)
    claiming = next(by_visitor, None)
    for visitor, of_visitor in itertools.groupby(events, _VISITOR):
        while claiming is not None and claiming[0] < visitor:
            claiming = next(by_visitor, None)
        if claiming is None or claiming[0] != visitor:
            yield from ((event, None) for event in of_visitor)
        else:
            yield from _join(of_visitor, claiming[1])


def _join(events: Iterator[Row], claims: Iterator[Row]) -> Iterator[tuple[Row, bytes]]:
    """Join the events of one visitor, which has at least one claim."""
    claim = next(claims)
    for event in events:
        while claim.time_ms < event.time_ms:
            following = next(claims, None)
            if following is None:
                break
            claim = following
        yield event, claim.operation
