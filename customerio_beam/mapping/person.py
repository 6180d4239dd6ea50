"""Whom an event is about: the identifiers of the person, and the key that keeps a person's operations in order."""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Final

from customerio_beam.mapping.errors import InvalidEvent
from customerio_beam.mapping.event import Event
from customerio_beam.mapping.fields import identifier_text, is_placeholder, trimmed
from customerio_beam.mapping.places import first_token, places, value_at
from customerio_beam.mapping.settings import IdentifyBy

__all__ = [
    "KEY_BYTES",
    "Identifiers",
    "check_length",
    "identifiers_key",
    "known_person",
    "known_person_of",
    "looks_like_email",
    "person_key",
    "person_or_anonymous",
    "placeholder_emails",
    "user",
]

#: One entry: ``id``, ``email``, ``phone``, ``cio_id`` or ``anonymous_id``, and its value.
Identifiers = dict[str, str]

#: Identifiers are at most 150 bytes (Track API limits).
MAX_IDENTIFIER_BYTES: Final = 150
#: Bytes of a person key: enough for no two of a billion people to share one.
KEY_BYTES: Final = 16

_new_hash: Final = blake2b(digest_size=KEY_BYTES).copy  # copying a hash is quicker than setting one up

_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+").fullmatch
# E.164 has at most 15 digits; the shortest numbers in use have 7 with their country code.
_E164: Final = re.compile(r"\+[1-9]\d{6,14}", re.ASCII).fullmatch
_CIO_PREFIX: Final = "cio_"

_EMAIL_OF_IDENTIFY: Final = places("email of identify")
_EMAIL_OF_OTHERS: Final = places("email of the other calls")
_PHONE_OF_IDENTIFY: Final = places("phone of identify")
_PHONE_OF_OTHERS: Final = places("phone of the other calls")


def user(user_id: str, identify_by: IdentifyBy) -> Identifiers:
    """Turn a userId into identifiers.

    ``cio_<x>`` is Customer.io's own id ``x``; an email is an email, unless ``identify_by`` is ``id``; an E.164 number
    is a phone number, if it is ``phone``; anything else is an id.

    Raises:
        InvalidEvent: ``identifier_too_long``.
    """
    if user_id.startswith(_CIO_PREFIX) and len(user_id) > len(_CIO_PREFIX):
        return {"cio_id": check_length(user_id[len(_CIO_PREFIX) :], "userId")}
    if "@" in user_id and identify_by != "id" and _EMAIL(user_id):
        return {"email": check_length(user_id, "userId")}
    if identify_by == "phone" and _E164(user_id):
        return {"phone": user_id}
    return {"id": check_length(user_id, "userId")}


def known_person(event: Event, identify_by: IdentifyBy) -> Identifiers | None:
    """Find the person that an event names by userId, email or phone number.

    Returns:
        The identifiers; None where it names nobody.

    Raises:
        InvalidEvent: ``identifier_too_long``.
    """
    user_id = event.user_id
    if identify_by == "phone":
        phone = user_id if user_id is not None and _E164(user_id) else _phone(event)
        if phone is not None:
            return {"phone": phone}
    if user_id is not None and (identify_by != "email" or looks_like_email(user_id)):
        return user(user_id, identify_by)
    email = _email(event)
    if email is not None:
        return {"email": check_length(email, "email")}
    return user(user_id, identify_by) if user_id is not None else None


def known_person_of(event: Event, identify_by: IdentifyBy) -> Identifiers:
    """Find the person of an event that an anonymous visitor can't make.

    Raises:
        InvalidEvent: ``missing_identity``, ``identifier_too_long``.
    """
    identifiers = known_person(event, identify_by)
    if identifiers is None:
        raise InvalidEvent("missing_identity", "The event has neither a userId nor an email.")
    return identifiers


def person_or_anonymous(event: Event, identify_by: IdentifyBy) -> Identifiers:
    """Find the person or the visitor of an event that both can make (track, page, screen).

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


def looks_like_email(text: str) -> bool:
    """Tell whether a text has the form of an email address."""
    return "@" in text and _EMAIL(text) is not None


def person_key(event: Event, identify_by: IdentifyBy) -> bytes:
    """Return the key under which an event's operations keep their order.

    It is the person, or the visitor; for an event about nobody the group; else the event itself. An event that can't
    be mapped has a key too: the mapping says what is wrong with it.

    Returns:
        16 bytes of BLAKE2b: runners log hot keys as they are, and an identifier is personal data.
    """
    try:
        identifiers = known_person(event, identify_by)
    except InvalidEvent:
        identifiers = {"": event.user_id or ""}
    if identifiers is None:
        identifiers = _nobody(event)
    return identifiers_key(identifiers)


def _nobody(event: Event) -> Identifiers:
    """Name the visitor, the group or the event in place of a person."""
    if event.anonymous_id is not None:
        return {"anonymous_id": event.anonymous_id}
    group_id = identifier_text(event.fields.group_id)
    if group_id is not None:
        return {"object": group_id}
    return {"event": event.message_id or event.origin.text.decode("utf-8", "replace")}


def identifiers_key(identifiers: Identifiers) -> bytes:
    """Return the key of a person or visitor, as ``person_key`` makes it for their events."""
    [(kind, value)] = identifiers.items()
    if kind == "email":
        value = value.lower()
    hashed = _new_hash()
    hashed.update(f"{kind}:{value}".encode())
    return hashed.digest()


def _email(event: Event) -> str | None:
    return first_token(event, _EMAIL_OF_IDENTIFY if event.call == "identify" else _EMAIL_OF_OTHERS)


def _phone(event: Event) -> str | None:
    for place in _PHONE_OF_IDENTIFY if event.call == "identify" else _PHONE_OF_OTHERS:
        phone = trimmed(value_at(event, place))
        if phone is not None and _E164(phone):
            return phone
    return None


def placeholder_emails(event: Event, identify_by: IdentifyBy) -> int:
    """Count the emails that would have identified the person, but are a word for nothing (``undefined``, ...)."""
    if event.user_id is not None and identify_by != "email":
        return 0
    places = _EMAIL_OF_IDENTIFY if event.call == "identify" else _EMAIL_OF_OTHERS
    return sum([is_placeholder(value_at(event, place)) for place in places])
