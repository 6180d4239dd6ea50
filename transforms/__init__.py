"""The transforms that other Beam pipelines may import.

``ParseEvents`` reads payloads, ``ApplyRules`` decides what may leave, ``KeyByPerson`` keys the events,
``MapToCustomerIO`` maps them to Track API operations, ``WriteToCustomerIO`` delivers those.
"""

from customerio_beam.transforms.apply_rules import ApplyRules, RedactDeadLetters
from customerio_beam.transforms.hold_recent_events import HoldRecentEvents
from customerio_beam.transforms.key_by_person import KeyByPerson
from customerio_beam.transforms.map_to_customerio import MapToCustomerIO
from customerio_beam.transforms.parse_events import ParseEvents
from customerio_beam.transforms.stitch_anonymous import StitchAnonymous
from customerio_beam.transforms.write_to_customerio import WriteToCustomerIO

__all__ = [
    "ApplyRules",
    "HoldRecentEvents",
    "KeyByPerson",
    "MapToCustomerIO",
    "ParseEvents",
    "RedactDeadLetters",
    "StitchAnonymous",
    "WriteToCustomerIO",
]
