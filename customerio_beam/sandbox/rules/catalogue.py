"""The rules that the sandbox follows, with the source of each, and what nobody outside Customer.io knows."""

from __future__ import annotations

from typing import NamedTuple

TRACK_API = "https://docs.customer.io/integrations/api/track/"
IDENTIFYING = "https://docs.customer.io/journeys/identifying-people"
ANONYMOUS = "https://docs.customer.io/journeys/anonymous-events"
DELETING = "https://docs.customer.io/journeys/deleting-users"


class Rule(NamedTuple):
    """A published rule: what happens, and the page that says so."""

    rule: str
    source: str


KNOWN = (
    Rule("A person is identified by id, email or cio_id; emails are compared ignoring case, ids are not.", IDENTIFYING),
    Rule("An identify call creates a person if nobody has the identifier; otherwise it updates the person.", TRACK_API),
    Rule("An identify call with a new id and the email of somebody gives that person the id.", TRACK_API),
    Rule("An identifier that belongs to another person is accepted and fails later; the rest is taken.", TRACK_API),
    Rule("An id that is set can be changed by cio_id only. An operation for an unknown cio_id is dropped.", TRACK_API),
    Rule("timestamp on identify decides which attribute update is newer, in any order of arrival.", TRACK_API),
    Rule("null or the empty string removes an attribute of an object or relationship.", TRACK_API),
    Rule("_update: true never creates a person: it is a failed attribute change if nobody matches.", TRACK_API),
    Rule("unsubscribed is true for true in any case, “true”, 1 and “1”; any other value subscribes.", TRACK_API),
    Rule("A whole subscription preferences object replaces all topics; a dotted name changes one topic.", TRACK_API),
    Rule("The id of an event, page or screen must be a ULID; one that was received before is ignored.", TRACK_API),
    Rule("Names of events are trimmed.", TRACK_API),
    Rule("An event without a timestamp happened when it arrived.", TRACK_API),
    Rule("An identify call joins the anonymous events with its anonymous_id that arrived before it.", ANONYMOUS),
    Rule("It also joins those that arrive up to five minutes after it; later ones wait for another call.", ANONYMOUS),
    Rule("Anonymous events wait for an identify call for 30 days.", ANONYMOUS),
    Rule("A workspace can have event merging off; then anonymous events stay anonymous.", ANONYMOUS),
    Rule("An anonymous relationship carries over to the person who is identified with its anonymous_id.", TRACK_API),
    Rule("Deleting a person deletes all their data. Their identifiers may be used again.", DELETING),
    Rule("Suppressing also keeps all identifiers of the person from being added again.", DELETING),
    Rule("Unsuppressing one identifier of a person unsuppresses the others as well.", TRACK_API),
    Rule("A merge fills the primary's empty attributes, moves 30 days of events, deletes the secondary.", TRACK_API),
    Rule("A merge into a primary that does not exist does nothing.", TRACK_API),
    Rule("An object is created by the first operation that names it; deleting one ends its relationships.", TRACK_API),
    Rule("A cio_object_id names an object that exists; it creates none.", TRACK_API),
    Rule("A v1 identify call may carry _timestamp, cio_relationships and cio_id beside its attributes.", TRACK_API),
    Rule("A metric needs no credentials; it has the metrics of all channels.", TRACK_API),
    Rule("An unsubscribe page's call needs no credentials; it unsubscribes the person of the delivery.", TRACK_API),
    Rule("A call adds up to 1,000 people to a manual segment or removes them; it ignores ids of nobody.", TRACK_API),
    Rule("A form names its person by one of id and email; its other fields are texts, and attributes.", TRACK_API),
    Rule("A batch has at most 500,000 bytes, an operation 32,000, the data of a v1 event 100,000.", TRACK_API),
    Rule("A person has at most 300 attributes, with names of 150 bytes and values of 1,000 bytes.", TRACK_API),
    Rule("All attributes of an object, or of a relationship, have at most 100 KB.", TRACK_API),
    Rule("A batch with refused operations gets status 207, and all others are taken.", TRACK_API),
)
"""What is published, and what the sandbox does."""

NOT_KNOWN = (
    "What an event, a device or a relationship does for an identifier that nobody has. Here it creates the person;"
    " --unknown-people drop drops it and lists it under Refused.",
    "Whose anonymous events are when several people had the anonymous_id. Here the first identify call after an event"
    " joins it; an event up to five minutes after several calls belongs to the person of the last one.",
    "Whether an identify call that is older than the person's attributes joins anonymous events. Here it does.",
    "Whether a relationship to an anonymous_id that arrives after the identify call is joined. Here it is joined within"
    " five minutes, as events are.",
    "Who received a delivery: the sandbox sends none. Here the person that a metric of it named first, by an"
    " identifier or a device.",
    "Whether a manual segment must exist before people are added. Here it need not.",
    "Whether v1 calls take numbers for identifiers, and a text for last_used, as official clients send them. Here they"
    " do.",
    "Which of two attribute updates of one second counts. Here the one that arrived last.",
    "Which of two updates of an object counts: there is no timestamp. Here the one that arrived last.",
    "Whether null or the empty string removes an attribute of a person. Here it does.",
    "What happens to attributes that are too long, or too many. Here they are left out, the rest is taken, and each is"
    " listed under Refused.",
    "Whether a workspace lets an identify call by id change the email; it is a setting. Here it does.",
    "Whether a merge takes devices, relationships and missing identifiers along. Here it does.",
    "Whether the activity of a suppressed person stays. Here it stays without the person and the data.",
    "Whether the ULID of a deleted person's event may be used again. Here it stays known and is ignored.",
    "Which status a body over the limit gets. Here 400; the fault max_body_bytes uses 413.",
    "Whether the 32,000 bytes also limit a v1 identify call, and the 100 bytes the names of pages and screens. Here"
    " they do.",
    "What happens to requests beyond the limit of 1,000 per second. Here they are counted as violations and taken; the"
    " fault rate_limit_per_second answers 429.",
    "Whether bodies may be compressed. Here they may not; the error says so.",
    "Which status v1 calls use for a malformed body where only 200 and 401 are published. Here 400.",
    "The exact words of error messages, and whether several errors of one operation are all named. Here one is.",
    "Whether timestamps in milliseconds are refused. Here they are.",
    "Whether an object type must be set up first. Here it need not be.",
    "People by phone number depend on a workspace's settings. Here --identify-by-phone turns them on.",
    "How long anything takes. Here an accepted operation has happened when its response arrives.",
)
"""What is not published, and what the sandbox does instead."""
