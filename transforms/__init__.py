"""The transforms that other Beam pipelines may import.

``ParseEvents`` reads payloads, ``KeyByPerson`` keys the events, ``MapToCustomerIO`` maps them to Track API
operations, ``WriteToCustomerIO`` delivers those.
"""

from transforms.hold_recent_events import HoldRecentEvents
from transforms.key_by_person import KeyByPerson
from transforms.map_to_customerio import MapToCustomerIO
from transforms.parse_events import ParseEvents
from transforms.write_to_customerio import WriteToCustomerIO

__all__ = ["HoldRecentEvents", "KeyByPerson", "MapToCustomerIO", "ParseEvents", "WriteToCustomerIO"]
