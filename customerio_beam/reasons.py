"""The reasons of dead letters: what each means, and what to do. docs/dead-letters.md is written from this table."""

from __future__ import annotations

from typing import Literal, NamedTuple

__all__ = ["REASONS", "Reason", "Stage"]

Stage = Literal["parse", "map", "deliver"]


class Reason(NamedTuple):
    """One reason.

    Attributes:
        code: The stable code that records carry.
        stage: The step that usually gives it.
        meaning: What is wrong, in one sentence.
        remedy: What to do about it, in one sentence.
        is_retryable: Whether the event itself is right, so that it can be sent again as it is.
        about: What was not sent: the ``event``; or an ``operation`` of one; or a ``part`` of one, while the rest of the
            event was sent.
    """

    code: str
    stage: Stage
    meaning: str
    remedy: str
    is_retryable: bool = False
    about: Literal["event", "operation", "part"] = "event"


_CORRECT_SENDER = "Correct the sender"

_REASONS = (
    Reason(
        "invalid_json",
        "parse",
        "The payload is not JSON: it is cut off, is not UTF-8, or has NaN or half of a surrogate pair; or it nests "
        "deeper than 240 levels (then also at `map`)",
        "Look for a writer that cuts or wraps lines; mend the payload",
    ),
    Reason(
        "not_an_object",
        "parse",
        "The payload, or a member of a batch, is JSON but not an object",
        "Look for a sender that sends other things than events",
    ),
    Reason(
        "unknown_type",
        "parse",
        "`type` is not identify, track, page, screen, group or alias",
        "Correct the sender, or filter such events upstream",
    ),
    Reason("invalid_field", "parse", "A field has the wrong JSON type; the detail names it", _CORRECT_SENDER),
    Reason(
        "invalid_timestamp",
        "parse",
        "The event's time is unreadable, or a zero value (before 1970-01-02) and no other field has a time",
        "Correct the sender; mend the payload's time",
    ),
    Reason(
        "missing_timestamp",
        "parse",
        "A file's event has no time; Customer.io would take it for now",
        "Add a `timestamp` to the payload",
    ),
    Reason(
        "payload_too_large",
        "parse",
        "The message, or the event of a file with its envelope's defaults, is longer than `--max_payload_bytes`. The "
        "record holds its first 64 KB (`payload_truncated`), its size (`payload_bytes`) and its place (`source`)",
        "Look at its source for what makes it so long; or raise `--max_payload_bytes`",
    ),
    Reason(
        "not_a_dead_letter",
        "parse",
        "`--input_format=dead_letters` read a line that is not a dead letter",
        "Check the file pattern, or leave the option out",
    ),
    Reason(
        "replayed_too_often",
        "parse",
        "The dead letter failed again more often than `--max_replays` says. It was not sent",
        "Look at its `detail` for why; mend the cause, then send it with a larger `--max_replays`",
    ),
    Reason(
        "missing_identity",
        "map",
        "The event has no userId and no email, and for track, page and screen no anonymousId. Words for nothing "
        "(`undefined`, `null`) are no ids",
        "Correct the sender; identify people before events that need a person",
    ),
    Reason(
        "identifier_too_long",
        "map",
        "An identifier is over 150 bytes",
        "Look for a token or a URL in the place of an id",
    ),
    Reason("missing_event_name", "map", "A track call has no name", _CORRECT_SENDER),
    Reason("missing_page_name", "map", "A page call has no name, URL, path or category", _CORRECT_SENDER),
    Reason("missing_screen_name", "map", "A screen call has no name or category", _CORRECT_SENDER),
    Reason("missing_group_id", "map", "A group call has no groupId", _CORRECT_SENDER),
    Reason("missing_previous_id", "map", "An alias call has no previousId", _CORRECT_SENDER),
    Reason(
        "self_merge",
        "map",
        "Both ids of an alias call are the same person",
        "Nothing: the two are one person already",
    ),
    Reason(
        "unsupported_identifier",
        "map",
        "A merge or a relationship is of a person known by phone, whom the Track API can't name there. Of a group "
        "call, only the relationship was not sent",
        "Name the person by userId or email",
    ),
    Reason(
        "missing_device_token",
        "map",
        "A device event has no token in any of its places (see mapping.md)",
        "Let the app ask for the permission to push first",
    ),
    Reason(
        "unsupported_platform",
        "map",
        "The device is neither Apple's nor an Android. If the event itself is sent, only its device is not",
        "Nothing, if Customer.io can't push to such devices; else correct `context.device.type`",
        about="part",
    ),
    Reason(
        "missing_object_id",
        "map",
        "An event about an object names none in any of its places (see mapping.md)",
        _CORRECT_SENDER,
    ),
    Reason(
        "missing_delivery_id",
        "map",
        "A Report Delivery Event has no `properties.deliveryId`",
        "Take the `CIO-Delivery-ID` from the push message",
    ),
    Reason(
        "invalid_metric",
        "map",
        "A Report Delivery Event has a metric that the Track API doesn't know",
        _CORRECT_SENDER,
    ),
    Reason(
        "attribute_too_long",
        "map",
        "An attribute's name is over 150 bytes or its value over 1,000; the operation was sent without it",
        "Shorten it at its source, or send such attributes with `--oversize_attributes=send`",
        about="part",
    ),
    Reason(
        "operation_too_large",
        "map",
        "No split makes the operation fit in 32,000 bytes (an event's data in 100,000); or only the device of an event "
        "does not fit, and the event itself was sent",
        "Shorten the event at its source",
    ),
    Reason(
        "rejected",
        "deliver",
        "Customer.io refused the operation; `response` says why",
        "Correct what the response names, then send it again",
        about="operation",
    ),
    Reason(
        "invalid_operation",
        "deliver",
        "`WriteToCustomerIO` received an operation that no call of the Track API can carry; the detail says why",
        "Correct the pipeline that made it; those of `MapToCustomerIO` are valid",
        about="operation",
    ),
    Reason(
        "retries_exhausted",
        "deliver",
        "Customer.io did not respond, or asked to come back later, until the time for retries was over",
        "Send it again once Customer.io is well",
        is_retryable=True,
        about="operation",
    ),
    Reason(
        "recent_event",
        "deliver",
        "A backfill held back an event of the last 72 hours, because it could trigger a campaign",
        "Send it again when it is older, or with `--backfill_recent=send`",
        is_retryable=True,
        about="operation",
    ),
)

#: Every reason by its code.
REASONS = {reason.code: reason for reason in _REASONS}
