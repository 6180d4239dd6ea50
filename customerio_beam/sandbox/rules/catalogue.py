"""The rules that the sandbox follows, where each is from, and what nobody outside Customer.io knows."""

from __future__ import annotations

from typing import NamedTuple

TRACK_API = "https://docs.customer.io/integrations/api/track/"
IDENTIFYING = "https://docs.customer.io/journeys/identifying-people"
ANONYMOUS = "https://docs.customer.io/journeys/anonymous-events"
DELETING = "https://docs.customer.io/journeys/deleting-users"


class Rule(NamedTuple):
    """A rule that Customer.io has published.

    Attributes:
        rule: What happens.
        source: The page that says so.
    """

    rule: str
    source: str


KNOWN = (
    Rule("A person is identified by id, email or cio_id; emails are compared ignoring case, ids are not.", IDENTIFYING),
    Rule("An identify call creates the person where nobody has the identifier, else it updates the person.", TRACK_API),
    Rule("An identify call with a new id and the email of somebody gives that person the id.", TRACK_API),
    Rule("An identifier that belongs to another person is accepted and fails later; the rest is taken.", TRACK_API),
    Rule("An id once set is changed by cio_id only. An operation for an unknown cio_id is dropped.", TRACK_API),
    Rule("timestamp on identify decides which attribute update is newer, in whatever order they arrive.", TRACK_API),
    Rule("null or the empty string removes an attribute.", TRACK_API),
    Rule("_update: true never creates a person.", TRACK_API),
    Rule("unsubscribed is true for true, 1, “true” and “1”; any other value subscribes.", TRACK_API),
    Rule("A subscription topic named with dots changes without the other topics.", TRACK_API),
    Rule("The id of an event, page or screen must be a ULID; one that was received before is ignored.", TRACK_API),
    Rule("Names of events are trimmed.", TRACK_API),
    Rule("An event without a timestamp happened when it arrived.", TRACK_API),
    Rule(
        "Anonymous events of the 30 days before an identify call with their id become the person's.",
        TRACK_API,
    ),
    Rule("So do those of up to five minutes after it.", ANONYMOUS),
    Rule("An anonymous relationship carries over to the person who is identified with its anonymous_id.", TRACK_API),
    Rule("A deleted person's identifiers may be used again; the new person has none of the old one's data.", DELETING),
    Rule("Suppressing deletes a person, redacts its activity, and keeps its identifiers from coming back.", DELETING),
    Rule("A merge fills the primary's empty attributes, moves 30 days of events, deletes the secondary.", TRACK_API),
    Rule("A merge into a primary that does not exist does nothing.", TRACK_API),
    Rule("An object is created by the first operation that names it; deleting one ends its relationships.", TRACK_API),
    Rule("A batch has at most 500,000 bytes, an operation 32,000, the data of a v1 event 100,000.", TRACK_API),
    Rule("A batch with refused operations is answered with 207, and all others are taken.", TRACK_API),
)
"""What is published, and done here."""

NOT_KNOWN = (
    "What an event, a device or a relationship does for an identifier that nobody has. Here it creates the person;"
    " --unknown-people drop drops it and lists it under Refused.",
    "By which clock the 30 days and the five minutes of anonymous events are measured. Here by the times inside the"
    " operations, so that neither the order of arrival nor the day of a backfill changes whose they are.",
    "Whose anonymous events are when several people had the anonymous_id. Here they belong to the first person"
    " identified with it at or after the event.",
    "Which of two attribute updates of one second counts. Here the one that arrived last.",
    "Which of two updates of an object counts: there is no timestamp. Here the one that arrived last.",
    "What happens to attributes that are too long, or too many. Here they are left out, the rest is taken, and each is"
    " listed under Refused.",
    "Whether a merge takes devices, relationships and missing identifiers along. Here it does.",
    "Whether unsuppressing an id also unsuppresses the email suppressed with it. Here it does not.",
    "Which status a body over the limit gets. Here 400; the fault max_body_bytes answers with 413.",
    "How requests beyond the limit of 1,000 a second fare. Here they are counted as violations and taken; the fault"
    " rate_limit_per_second answers with 429.",
    "The exact words of error messages, and whether several errors of one operation are all named. Here one is.",
    "Whether timestamps in milliseconds are refused. Here they are.",
    "Whether an object type must be set up first. Here it need not be.",
    "What an operation with a cio_object_id does. Here it is refused: object_type_id and object_id are required.",
    "People by phone number depend on a workspace's settings. Here that setting is off.",
    "How long anything takes. Here an accepted operation has happened when its answer arrives.",
)
"""What is not published, and what is done here instead."""
