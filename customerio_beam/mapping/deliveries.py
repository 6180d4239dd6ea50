"""What became of a message: a *Report Delivery Event* to the Track API's delivery operation or v1's metrics call."""

from __future__ import annotations

import re
from typing import Any, Final

from customerio_beam.mapping.devices import token_of_device_event
from customerio_beam.mapping.errors import InvalidEvent
from customerio_beam.mapping.event import Event
from customerio_beam.mapping.fields import identifier, text
from customerio_beam.mapping.operation import Operation
from customerio_beam.mapping.person import check_length, looks_like_email
from customerio_beam.mapping.places import first_identifier, places

__all__ = ["report_delivery"]

#: The metrics of v2's delivery operation, which needs a device token (Track API specification).
_PUSH_METRICS: Final = frozenset({"opened", "converted", "delivered"})
#: The metrics of ``POST /api/v1/metrics``, over all its channels (Track API specification).
_METRICS: Final = frozenset(
    {"bounced", "clicked", "converted", "deferred", "delivered", "dropped", "opened", "spammed"}
)

_DELIVERY_ID: Final = places("delivery id")

# An international number of 7 to 15 digits, or a national one of at least 10: fewer digits may be an id.
_PHONE: Final = re.compile(r"\+(?:[ ().-]*\d){7,15}|(?:[ ().-]*\d){10,15}", re.ASCII).fullmatch
_NO_DIGITS: Final = re.compile(r"\D", re.ASCII).sub


def report_delivery(event: Event) -> Operation:
    """Report a metric of a message.

    Returns:
        ``{type: delivery, action: event}`` for a device's push message, which v2 takes; else
        ``{type: delivery, action: metric}``, which stands for a call of ``/api/v1/metrics``.

    Raises:
        InvalidEvent: ``missing_delivery_id``, ``invalid_metric``, ``identifier_too_long``, ``invalid_field``.
    """
    delivery_id = first_identifier(event, _DELIVERY_ID)
    if delivery_id is None:
        raise InvalidEvent("missing_delivery_id", "A Report Delivery Event needs properties.deliveryId.")
    check_length(delivery_id, "deliveryId")
    metric = text(event.properties, "metric")
    if metric not in _METRICS:
        raise InvalidEvent("invalid_metric", f"properties.metric must be one of {', '.join(sorted(_METRICS))}.")
    recipient = identifier(event.properties, "recipient")
    token = token_of_device_event(event) or _token_among(recipient)
    if token is not None and metric in _PUSH_METRICS:
        return {
            "type": "delivery",
            "action": "event",
            "identifiers": {"id": delivery_id},
            "name": metric,
            "attributes": {"device_token": token},
        }
    attributes: dict[str, Any] = {
        "recipient": recipient if recipient is None or _PHONE(recipient) is None else int(_NO_DIGITS("", recipient)),
        "reason": identifier(event.properties, "reason"),
        "href": identifier(event.properties, "href"),
    }
    return {
        "type": "delivery",
        "action": "metric",
        "identifiers": {"id": delivery_id},
        "name": metric,
        "timestamp": event.time_ms // 1000,
        "attributes": {name: value for name, value in attributes.items() if value is not None},
    }


def _token_among(recipient: str | None) -> str | None:
    """Return a recipient that is a device's token: one that looks like neither an email nor a phone number."""
    if recipient is None or looks_like_email(recipient) or _PHONE(recipient) is not None:
        return None
    return recipient
