"""Routes analytics events (Segment spec) to Customer.io, in Apache Beam pipelines.

Everything that a pipeline of your own needs is here:

    import customerio_beam as cio

    parsed = payloads | cio.ParseEvents()
    mapped = parsed.events | cio.KeyByPerson() | cio.MapToCustomerIO()
    written = mapped.operations | cio.WriteToCustomerIO()

Names are loaded when they are first used: the parts that don't need Apache Beam can be used without it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from customerio_beam.version import __version__

if TYPE_CHECKING:
    from customerio_beam.delivery.credentials import CredentialsSource, EnvironmentVariable, Literal
    from customerio_beam.delivery.secret_manager import SecretVersion
    from customerio_beam.delivery.settings import DeliverySettings
    from customerio_beam.mapping.settings import MappingSettings
    from customerio_beam.rules.model import LoadedRules
    from customerio_beam.rules.problems import RulesError
    from customerio_beam.transforms.apply_rules import ApplyRules, RedactDeadLetters, RulesResult
    from customerio_beam.transforms.hold_recent_events import HoldRecentEvents, HoldResult
    from customerio_beam.transforms.key_by_person import KeyByPerson
    from customerio_beam.transforms.map_to_customerio import MapResult, MapToCustomerIO
    from customerio_beam.transforms.parse_events import ParseEvents, ParseResult
    from customerio_beam.transforms.rules_files import read_rules
    from customerio_beam.transforms.stitch_anonymous import StitchAnonymous
    from customerio_beam.transforms.write_to_customerio import WriteResult, WriteToCustomerIO

__all__ = [
    "ApplyRules",
    "CredentialsSource",
    "DeliverySettings",
    "EnvironmentVariable",
    "HoldRecentEvents",
    "HoldResult",
    "KeyByPerson",
    "Literal",
    "LoadedRules",
    "MapResult",
    "MapToCustomerIO",
    "MappingSettings",
    "ParseEvents",
    "ParseResult",
    "RedactDeadLetters",
    "RulesError",
    "RulesResult",
    "SecretVersion",
    "StitchAnonymous",
    "WriteResult",
    "WriteToCustomerIO",
    "__version__",
    "read_rules",
]

_MODULES = {
    "delivery.credentials": ("CredentialsSource", "EnvironmentVariable", "Literal"),
    "delivery.secret_manager": ("SecretVersion",),
    "delivery.settings": ("DeliverySettings",),
    "mapping.settings": ("MappingSettings",),
    "rules.model": ("LoadedRules",),
    "rules.problems": ("RulesError",),
    "transforms.apply_rules": ("ApplyRules", "RedactDeadLetters", "RulesResult"),
    "transforms.hold_recent_events": ("HoldRecentEvents", "HoldResult"),
    "transforms.key_by_person": ("KeyByPerson",),
    "transforms.map_to_customerio": ("MapResult", "MapToCustomerIO"),
    "transforms.parse_events": ("ParseEvents", "ParseResult"),
    "transforms.rules_files": ("read_rules",),
    "transforms.stitch_anonymous": ("StitchAnonymous",),
    "transforms.write_to_customerio": ("WriteResult", "WriteToCustomerIO"),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Load a public name (PEP 562)."""
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{module}"), name)


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
