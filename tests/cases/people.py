"""Whom an event is about."""

from __future__ import annotations

from typing import Any

from tests.cases.case import ANONYMOUS, Case, about, event, identified, operation

U1 = {"id": "u1"}
ADA = {"email": "ada@example.com"}
PHONE = {"phone": "+41446681800"}
_BY_CONTEXT = {"traits": ADA}


def _ordered(**fields: Any) -> dict[str, Any]:
    return event("track", event="Ordered", **fields)


def _by(person: dict[str, str]) -> dict[str, Any]:
    return operation("event", person, "Ordered")


CASES: list[Case] = [
    about("A userId is an id", _ordered(userId="u1", anonymousId="a-1"), _by(U1)),
    about("`cio_<x>` is Customer.io's own id", _ordered(userId="cio_0a1b2c"), _by({"cio_id": "0a1b2c"})),
    about("`cio_` alone is an id", _ordered(userId="cio_"), _by({"id": "cio_"}), shown=False),
    about("An email-shaped userId is an email", _ordered(userId="ada@example.com"), _by(ADA)),
    about("No email without a domain", _ordered(userId="ada@example"), _by({"id": "ada@example"}), shown=False),
    about("No email with a space", _ordered(userId="a da@example.com"), _by({"id": "a da@example.com"}), shown=False),
    about(
        "With `--identify_by=id` it is an id",
        _ordered(userId="ada@example.com"),
        _by({"id": "ada@example.com"}),
        identify_by="id",
    ),
    about(
        "With `--identify_by=email` the event's email goes before its userId",
        event("identify", userId="u1", traits=ADA),
        identified(ADA, **ADA),
        identify_by="email",
    ),
    about(
        "With `--identify_by=email` a userId that is an email stays",
        event("identify", userId="bob@example.com", traits=ADA),
        identified({"email": "bob@example.com"}, **ADA),
        identify_by="email",
        shown=False,
    ),
    about(
        "With `--identify_by=email` and no email, the userId is an id",
        _ordered(userId="u1"),
        _by(U1),
        identify_by="email",
        shown=False,
    ),
    about("The userId goes before any email", event("identify", userId="u1", traits=ADA), identified(U1, **ADA)),
    about("Identify without a userId uses `traits.email`", event("identify", traits=ADA), identified(ADA, **ADA)),
    about(
        "Else `context.traits.email`",
        event("identify", traits={"plan": "pro"}, context=_BY_CONTEXT),
        identified(ADA, plan="pro"),
    ),
    about(
        "A word for nothing is no email",
        event("identify", traits={"email": "undefined"}, context=_BY_CONTEXT),
        identified(ADA, email="undefined"),
        shown=False,
    ),
    about(
        "A word for nothing as the email of a visitor",
        _ordered(context={"traits": {"email": "null"}}, anonymousId="a-1"),
        _by(ANONYMOUS),
        shown=False,
    ),
    about("An email is trimmed", _ordered(context={"traits": {"email": " ada@example.com\n"}}), _by(ADA), shown=False),
    about("The others use `context.traits.email`", _ordered(context=_BY_CONTEXT, anonymousId="a-1"), _by(ADA)),
    about(
        "With `--identify_by=id` an email in the traits is an email still",
        event("identify", traits=ADA),
        identified(ADA, **ADA),
        identify_by="id",
        shown=False,
    ),
    about(
        "With `--identify_by=phone` a userId in E.164 form is a phone number",
        _ordered(userId="+41446681800"),
        _by(PHONE),
        identify_by="phone",
    ),
    about(
        "With `--identify_by=phone` the event's phone number goes before its userId",
        event("identify", userId="u1", traits={"phone": "+41446681800"}),
        identified(PHONE, phone="+41446681800"),
        identify_by="phone",
    ),
    about(
        "With `--identify_by=phone`, of the other calls `context.traits.phone`",
        _ordered(userId="u1", context={"traits": {"phone": "+41446681800"}}),
        _by(PHONE),
        identify_by="phone",
        shown=False,
    ),
    about(
        "With `--identify_by=phone` and a number in another form, as with `auto`",
        event("identify", userId="ada@example.com", traits={"phone": "044 668 18 00"}),
        identified(ADA, phone="044 668 18 00"),
        identify_by="phone",
        shown=False,
    ),
    about(
        "With `--identify_by=phone`, a country's code alone is no number",
        event("identify", userId="u1", traits={"phone": "+41"}),
        identified(U1, phone="+41"),
        identify_by="phone",
        shown=False,
    ),
    about(
        "Without the option a phone number is an id",
        _ordered(userId="+41446681800"),
        _by({"id": "+41446681800"}),
        shown=False,
    ),
    about("Track, page and screen may be anonymous", _ordered(anonymousId="a-1"), _by(ANONYMOUS)),
    about(
        "An email that is no string names nobody",
        _ordered(context={"traits": {"email": 7}}),
        "missing_identity",
        shown=False,
    ),
    about(
        "An identify can't be anonymous",
        event("identify", anonymousId="a-1", traits={"plan": "pro"}),
        "missing_identity",
    ),
    about("Nobody at all", _ordered(), "missing_identity"),
    about("An identifier of 150 bytes", _ordered(userId="é" * 75), _by({"id": "é" * 75}), shown=False),
    about("An identifier over 150 bytes", _ordered(userId="é" * 75 + "x"), "identifier_too_long"),
    about("An anonymousId over 150 bytes", _ordered(anonymousId="x" * 151), "identifier_too_long", shown=False),
    about(
        "An email over 150 bytes", event("identify", traits={"email": "x" * 151}), "identifier_too_long", shown=False
    ),
    about(
        "A cio_id is measured without its prefix",
        _ordered(userId="cio_" + "x" * 150),
        _by({"cio_id": "x" * 150}),
        shown=False,
    ),
]
