"""Whom an event is about: the identifiers of the person, and the key that keeps a person's operations in order."""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Final

from customerio_beam.mapping.errors import InvalidEvent
from customerio_beam.mapping.event import Event
from customerio_beam.mapping.fields import identifier_text, text
from customerio_beam.mapping.settings import IdentifyBy

__all__ = ["KEY_BYTES", "Identifiers", "check_length", "known_person", "person_key", "person_or_anonymous", "user"]

#: One entry: ``id``, ``email``, ``cio_id`` or ``anonymous_id``, and its value.
Identifiers = dict[str, str]

#: Identifiers are at most 150 bytes (Track API limits).
MAX_IDENTIFIER_BYTES: Final = 150
#: Bytes of a person key: enough for no two of a billion people to share one.
KEY_BYTES: Final = 16

_new_hash: Final = blake2b(digest_size=KEY_BYTES).copy  # copying a hash is quicker than setting one up

_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+").fullmatch
_CIO_PREFIX: Final = "cio_"


def user(user_id: str, identify_by: IdentifyBy) -> Identifiers:
    """Turn a userId into identifiers.

    ``cio_<x>`` is Customer.io's own id ``x``; an email is an email, unless ``identify_by`` is ``id``; anything else
    is an id.

    Raises:
        InvalidEvent: ``identifier_too_long``.
    """
    if user_id.startswith(_CIO_PREFIX) and len(user_id) > len(_CIO_PREFIX):
        return {"cio_id": check_length(user_id[len(_CIO_PREFIX) :], "userId")}
    if identify_by != "id" and "@" in user_id and _EMAIL(user_id):
        return {"email": check_length(user_id, "userId")}
    return {"id": check_length(user_id, "userId")}


def known_person(event: Event, identify_by: IdentifyBy) -> Identifiers | None:
    """Find the identifiers of the person that an event names by userId or email; None where it names nobody.

    Raises:
        InvalidEvent: ``identifier_too_long``.
    """
    user_id = event.user_id
    if user_id is not None and (identify_by != "email" or _EMAIL(user_id)):
        return user(user_id, identify_by)
    email = _email(event)
    if email is not None:
        return {"email": check_length(email, "email")}
    return user(user_id, identify_by) if user_id is not None else None


def person_or_anonymous(event: Event, identify_by: IdentifyBy) -> Identifiers:
    """Find the person of an event that may also be an anonymous visitor's (track, page, screen).

    Raises:
        InvalidEvent: ``missing_identity`` where there is neither, ``identifier_too_long``.
    """
    identifiers = known_person(event, identify_by)
    if identifiers is not None:
        return identifiers
    if event.anonymous_id is None:
        raise InvalidEvent("missing_identity", "The event has no userId, no email and no anonymousId.")
    return {"anonymous_id": check_length(event.anonymous_id, "anonymousId")}


def check_length(value: str, name: str) -> str:
    """Return an identifier that fits Customer.io's limit.

    Raises:
        InvalidEvent: ``identifier_too_long``: over 150 bytes of UTF-8.
    """
    if len(value) * 4 > MAX_IDENTIFIER_BYTES:
        size = len(value.encode("utf-8"))
        if size > MAX_IDENTIFIER_BYTES:
            raise InvalidEvent(
                "identifier_too_long", f"{name} is {size} bytes; Customer.io takes at most {MAX_IDENTIFIER_BYTES}."
            )
    return value


def person_key(event: Event, identify_by: IdentifyBy) -> bytes:
    """Return the key under which an event's operations keep their order.

    It is the person, or the visitor; for an event about nobody the object; else the event itself. An event that
    can't be mapped has a key too: the mapping says what is wrong with it.

    Returns:
        16 bytes of BLAKE2b: runners log hot keys as they are, and an identifier is personal data.
    """
    try:
        identifiers = known_person(event, identify_by)
    except InvalidEvent:
        return _key("", event.user_id or "")
    if identifiers is not None:
        [(kind, value)] = identifiers.items()
        return _key(kind, value.lower() if kind == "email" else value)
    if event.anonymous_id is not None:
        return _key("anonymous_id", event.anonymous_id)
    return _key("object", identifier_text(event.fields.group_id) or event.message_id or "")


def _key(kind: str, value: str) -> bytes:
    hashed = _new_hash()
    hashed.update(f"{kind}:{value}".encode())
    return hashed.digest()


def _email(event: Event) -> str | None:
    if event.call == "identify":
        return text(event.traits, "email")
    traits = event.context.traits
    return text(traits, "email") if isinstance(traits, dict) else None
