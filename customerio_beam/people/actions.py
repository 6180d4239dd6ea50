"""What can be done to a person, and the Track API's operations for it."""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias

from customerio_beam.mapping import json_text
from customerio_beam.people.listing import Person

__all__ = ["Action", "operations_for"]

#: ``suppress`` deletes a person and keeps the identifiers from being added again; ``unsuppress`` lets them be added
#: again, and brings no data back; ``delete`` deletes a person, who comes back with their next event; ``unsubscribe``
#: keeps the person, and stops their messages.
Action: TypeAlias = Literal["suppress", "unsuppress", "delete", "unsubscribe"]

#: ``_update``: an identify call that creates nobody (Track API reference).
_UNSUBSCRIBED: Final = {"unsubscribed": True, "_update": True}


def operations_for(person: Person, action: Action) -> list[bytes]:
    """Return the operations that carry out an action, as JSON: one for each identifier of the person.

    The Track API takes one identifier in an operation. Each is named, because Customer.io may know the person by any of
    them.
    """
    operations = []
    for kind, value in person.identifiers:
        operation: dict[str, Any] = {"type": "person", "action": action, "identifiers": {kind: value}}
        if action == "unsubscribe":
            operation |= {"action": "identify", "attributes": _UNSUBSCRIBED}
        operations.append(json_text.dumps(operation))
    return operations
