"""Track events with a meaning of their own."""

from __future__ import annotations

from typing import Any

from tests.cases.case import ANONYMOUS, NOW, Operations, about, event, operation

U1 = {"id": "u1"}

_PHONE = {
    "device": {"token": "tok-1", "type": "ios", "model": "iPhone15,2"},
    "os": {"name": "iOS", "version": "17.2"},
    "app": {"version": "3.1.0"},
    "locale": "en-GB",
}
_PHONE_ATTRIBUTES = {
    "device_os": "17.2",
    "device_model": "iPhone15,2",
    "app_version": "3.1.0",
    "device_locale": "en-GB",
}


def _track(name: str, **fields: Any) -> dict[str, Any]:
    return event("track", **{"userId": "u1", "event": name, **fields})


def _device(token: str = "tok-1", platform: str = "ios", **attributes: str) -> dict[str, Any]:
    return {
        "type": "person",
        "action": "add_device",
        "identifiers": U1,
        "device": {"token": token, "platform": platform, "last_used": NOW, "attributes": attributes},
    }


_NO_DEVICE = {"type": "person", "action": "delete_device", "identifiers": U1, "device": {"token": "tok-1"}}


def _on(platform: dict[str, Any]) -> dict[str, Any]:
    device = {"token": "tok-1", **platform.get("device", {})}
    return _track("Device Created or Updated", context={**platform, "device": device})


DEVICES = [
    about(
        "Application Installed: the event, and the device",
        _track("Application Installed", context=_PHONE, properties={"build": 7}),
        Operations((operation("event", U1, "Application Installed", build=7), _device(**_PHONE_ATTRIBUTES, build="7"))),
    ),
    about(
        "Application Opened: the same",
        _track("Application Opened", context=_PHONE),
        Operations((operation("event", U1, "Application Opened"), _device(**_PHONE_ATTRIBUTES))),
        shown=False,
    ),
    about(
        "Without a token: the event alone",
        _track("Application Opened", context={"os": {"name": "iOS"}}),
        operation("event", U1, "Application Opened"),
    ),
    about(
        "An anonymous visitor: the event alone",
        _track("Application Opened", userId=None, anonymousId="a-1", context=_PHONE),
        operation("event", ANONYMOUS, "Application Opened"),
    ),
    about(
        "An unknown platform: the event is sent, the device is a dead letter",
        _track("Application Opened", context={"device": {"token": "tok-1"}, "os": {"name": "Tizen"}}),
        Operations((operation("event", U1, "Application Opened"),), ("unsupported_platform",)),
    ),
    about(
        "A device over 32,000 bytes: the event is sent, the device is a dead letter",
        _track("Application Opened", context=_PHONE, properties={"log": "x" * 40_000}),
        Operations((operation("event", U1, "Application Opened", log="x" * 40_000),), ("operation_too_large",)),
        shown=False,
    ),
    about(
        "Application Uninstalled: the event, and the device is deleted",
        _track("Application Uninstalled", context=_PHONE),
        Operations((operation("event", U1, "Application Uninstalled"), _NO_DEVICE)),
    ),
    about(
        "Application Uninstalled without a token",
        _track("Application Uninstalled"),
        operation("event", U1, "Application Uninstalled"),
        shown=False,
    ),
    about(
        "A person known by phone has devices too",
        _track("Device Deleted", userId="+41446681800", context=_PHONE),
        {**_NO_DEVICE, "identifiers": {"phone": "+41446681800"}},
        identify_by="phone",
        shown=False,
    ),
    about(
        "Device Created or Updated: the device alone",
        _track("Device Created or Updated", context=_PHONE),
        _device(**_PHONE_ATTRIBUTES),
    ),
    about(
        "All of a device's attributes are strings",
        _on({"device": {"type": "android"}}) | {"properties": {"beta": True, "n": 1.5, "tags": ["a"], "none": None}},
        _device(platform="android", beta="true", n="1.5", tags='["a"]'),
    ),
    about(
        "Versions that are numbers",
        _on({"device": {"type": "android"}, "os": {"version": 14}, "app": {"version": 3.5}}),
        _device(platform="android", device_os="14", app_version="3.5"),
        shown=False,
    ),
    about("Device Deleted", _track("Device Deleted", context=_PHONE), _NO_DEVICE),
    about("No token", _track("Device Deleted", context={"device": {"type": "ios"}}), "missing_device_token"),
    about("No token to create", _track("Device Created or Updated"), "missing_device_token", shown=False),
    about(
        "A word for nothing is no token",
        _track("Device Deleted", context={"device": {"token": "null"}}),
        "missing_device_token",
        shown=False,
    ),
    about(
        "Nobody's device",
        _track("Device Created or Updated", userId="", anonymousId="a-1", context=_PHONE),
        "missing_identity",
    ),
    about(
        "Nobody's device to delete",
        _track("Device Deleted", userId="", anonymousId="a-1", context=_PHONE),
        "missing_identity",
        shown=False,
    ),
]

_TOKENS_OF_ALL = [
    {"context": {"device": {"token": "tok-1"}}},
    {"properties": {"device": {"token": "tok-1"}}},
    {"properties": {"deviceToken": "tok-1"}},
    {"properties": {"device_token": "tok-1"}},
]


def _ordered_tokens() -> dict[str, Any]:
    """Return an event with another token in every place, the one of the first place being ``tok-1``."""
    properties = {"device": {"token": "tok-2"}, "deviceToken": "tok-3", "device_token": "tok-4", "token": "tok-5"}
    return _track("Device Deleted", context={"device": {"token": "tok-1"}}, properties=properties)


TOKENS = [
    about(
        "The device in the properties",
        _track("Device Created or Updated", properties={"device": {"token": "tok-1", "type": "ios"}, "beta": True}),
        _device(beta="true"),
    ),
    about(
        "The first place that has a token decides; no place becomes an attribute of the device",
        _ordered_tokens()
        | {
            "event": "Device Created or Updated",
            "properties": {"deviceToken": "tok-3", "token": "tok-5", "device": {"type": "ios"}},
        },
        _device(),
    ),
    about("All places at once", _ordered_tokens(), _NO_DEVICE, shown=False),
    *(
        about(f"A token in {place}", _track("Device Deleted", **place), _NO_DEVICE, shown=False)
        for place in [*_TOKENS_OF_ALL, {"properties": {"token": "tok-1"}}]
    ),
    *(
        about(
            f"The token of an application in {place}",
            _track("Application Uninstalled", **place),
            Operations(
                (
                    operation("event", U1, "Application Uninstalled", **place.get("properties", {})),
                    _NO_DEVICE,
                )
            ),
            shown=False,
        )
        for place in _TOKENS_OF_ALL
    ),
    about(
        "`properties.token` of other events may be a session's secret",
        _track("Application Opened", properties={"token": "secret"}, context={"os": {"name": "iOS"}}),
        operation("event", U1, "Application Opened", token="secret"),
    ),
    about(
        "It is no attribute of a device either",
        _track("Application Opened", properties={"token": "secret", "build": 7}, context=_PHONE),
        Operations(
            (
                operation("event", U1, "Application Opened", token="secret", build=7),
                _device(**_PHONE_ATTRIBUTES, build="7"),
            )
        ),
        shown=False,
    ),
]

PLATFORMS = [
    about("`context.device.type`", _on({"device": {"type": "Android"}}), _device(platform="android")),
    about(
        "Else `properties.device.type`",
        _track("Device Created or Updated", properties={"device": {"token": "tok-1", "type": "ios"}}),
        _device(),
        shown=False,
    ),
    about("Else `context.os.name`", _on({"os": {"name": "iPadOS"}}), _device()),
    about(
        "A type that is no platform is passed over",
        _on({"device": {"type": "mobile"}, "os": {"name": "iOS"}}),
        _device(),
    ),
    about("Android", _on({"os": {"name": "Android", "version": "14"}}), _device(platform="android", device_os="14")),
    *(
        about(f"Apple's {name}", _on({"device": {"type": name}}), _device(), shown=False)
        for name in ("iOS", "iPhone OS", "watchOS", "tvOS", "visionOS", "macOS", "Mac OS X", "iPod touch")
    ),
    about(
        "The device's own type goes before the system's name",
        _on({"device": {"type": "android"}, "os": {"name": "iOS"}}),
        _device(platform="android"),
        shown=False,
    ),
    about("Any other", _on({"os": {"name": "Windows"}}), "unsupported_platform"),
    about("None", _on({}), "unsupported_platform", shown=False),
]


def _person(action: str) -> dict[str, Any]:
    return {"type": "person", "action": action, "identifiers": U1}


#: Names of the first version that no publisher sends. In a design tool, "Delete Object" is a click.
_PLAIN = ["Delete Person", "Suppress Person", "Unsuppress Person", "Delete Object", "Delete Relationship"]

PEOPLE = [
    about("User Deleted", _track("User Deleted"), _person("delete")),
    about("User Suppressed", _track("User Suppressed"), _person("suppress")),
    about("User Unsuppressed", _track("User Unsuppressed"), _person("unsuppress")),
    about(
        "By email",
        _track("User Deleted", userId="ada@example.com"),
        {**_person("delete"), "identifiers": {"email": "ada@example.com"}},
        shown=False,
    ),
    about("Never an anonymous person", _track("User Deleted", userId=None, anonymousId="a-1"), "missing_identity"),
    about(
        "Suppressing nobody", _track("User Suppressed", userId=" ", anonymousId="a-1"), "missing_identity", shown=False
    ),
    about("The names are exact", _track("user deleted"), operation("event", U1, "user deleted")),
    about(
        "A name in white space is another name",
        _track("User Deleted "),
        operation("event", U1, "User Deleted"),
        shown=False,
    ),
    about("Another name is an event like any other", _track("Delete Person"), operation("event", U1, "Delete Person")),
    *(
        about(
            f"{name}, of a visitor too",
            _track(name, userId=None, anonymousId="a-1"),
            operation("event", ANONYMOUS, name),
            shown=False,
        )
        for name in _PLAIN
    ),
]


def _object(action: str, object_type: str = "1", **fields: Any) -> dict[str, Any]:
    identifiers = {"object_type_id": object_type, "object_id": "acme"}
    return {"type": "object", "action": action, "identifiers": identifiers, **fields}


_ACME = {"objectId": "acme"}
_NOT_OF_U1 = [{"identifiers": U1}]

OBJECTS = [
    about(
        "Object Deleted",
        _track("Object Deleted", properties={"objectId": "acme", "objectTypeId": 2}),
        _object("delete", "2"),
    ),
    about('The type is "1" by default', _track("Object Deleted", properties=_ACME), _object("delete"), shown=False),
    about("It needs no person", _track("Object Deleted", userId=None, properties=_ACME), _object("delete")),
    about(
        "In snake case",
        _track("Object Deleted", properties={"object_id": "acme", "object_type_id": "2"}),
        _object("delete", "2"),
        shown=False,
    ),
    about(
        "`objectId` and `objectTypeId` go first",
        _track(
            "Object Deleted",
            properties={"objectId": "acme", "object_id": "x", "objectTypeId": "2", "object_type_id": "3"},
        ),
        _object("delete", "2"),
        shown=False,
    ),
    about(
        "The event's group is the object where the properties name a type",
        _track("Object Deleted", groupId="acme", properties={"object_type_id": "2"}),
        _object("delete", "2"),
    ),
    about(
        "The group of the context too",
        _track("Object Deleted", context={"groupId": "acme"}, properties={"objectTypeId": 2}),
        _object("delete", "2"),
        shown=False,
    ),
    about(
        "Without a type it is not: some libraries put the current group on every event",
        _track("Object Deleted", groupId="acme", context={"groupId": "acme"}),
        "missing_object_id",
    ),
    about(
        "Relationship Deleted",
        _track("Relationship Deleted", properties=_ACME),
        _object("delete_relationships", cio_relationships=_NOT_OF_U1),
    ),
    about(
        "Relationship Deleted, with a type",
        _track("Relationship Deleted", properties={"objectId": "acme", "objectTypeId": "3"}),
        _object("delete_relationships", "3", cio_relationships=_NOT_OF_U1),
        shown=False,
    ),
    about("No objectId", _track("Object Deleted"), "missing_object_id", shown=False),
    about("No objectId of a relationship", _track("Relationship Deleted"), "missing_object_id", shown=False),
    about(
        "A word for nothing is no object",
        _track("Object Deleted", properties={"objectId": "undefined"}),
        "missing_object_id",
        shown=False,
    ),
    about(
        "An objectId of a wrong type",
        _track("Object Deleted", properties={"objectId": {}}),
        "invalid_field",
        shown=False,
    ),
    about("Nobody's relationship", _track("Relationship Deleted", userId=None, properties=_ACME), "missing_identity"),
    about(
        "A visitor's relationship",
        _track("Relationship Deleted", userId=None, anonymousId="a-1", properties=_ACME),
        "missing_identity",
        shown=False,
    ),
    about(
        "The relationship of a person known by phone, whom the Track API can't name there",
        _track("Relationship Deleted", userId="+41446681800", properties=_ACME),
        "unsupported_identifier",
        identify_by="phone",
        shown=False,
    ),
]


def _report(**properties: Any) -> dict[str, Any]:
    return _track("Report Delivery Event", properties={"deliveryId": "d-1", "metric": "opened", **properties})


_ON_DEVICE = {"context": {"device": {"token": "tok-1"}}}
_OPENED = {
    "type": "delivery",
    "action": "event",
    "identifiers": {"id": "d-1"},
    "name": "opened",
    "attributes": {"device_token": "tok-1"},
}


def _metric(name: str, **attributes: Any) -> dict[str, Any]:
    return {
        "type": "delivery",
        "action": "metric",
        "identifiers": {"id": "d-1"},
        "name": name,
        "timestamp": NOW,
        "attributes": attributes,
    }


DELIVERIES = [
    about("Report Delivery Event of a device", _report() | _ON_DEVICE, _OPENED),
    about("The token as the recipient, as Customer.io's own libraries send it", _report(recipient="tok-1"), _OPENED),
    about("It needs nobody", {**_report(recipient="tok-1"), "userId": None}, _OPENED, shown=False),
    *(
        about(f"A token in properties.{place}", _report(**{place: "tok-1"}), _OPENED, shown=False)
        for place in ("deviceToken", "device_token", "token")
    ),
    about("A token in properties.device", _report(device={"token": "tok-1"}), _OPENED, shown=False),
    about(
        "The delivery's id in snake case",
        _track("Report Delivery Event", properties={"delivery_id": "d-1", "metric": "opened", "recipient": "tok-1"}),
        _OPENED,
        shown=False,
    ),
    about(
        "An email is no token: v1's metrics call",
        _report(recipient="ada@example.com"),
        _metric("opened", recipient="ada@example.com"),
    ),
    about(
        "A phone number neither; the specification wants it as a number",
        _report(metric="delivered", recipient="+41 44 668 18 00"),
        _metric("delivered", recipient=41446681800),
    ),
    about(
        "A phone number that is a number",
        _report(metric="delivered", recipient=41446681800),
        _metric("delivered", recipient=41446681800),
        shown=False,
    ),
    about(
        "A metric that only v1 knows",
        _report(metric="clicked", recipient="tok-1", href="https://shop.example") | _ON_DEVICE,
        _metric("clicked", recipient="tok-1", href="https://shop.example"),
    ),
    about(
        "A bounce and its reason",
        _report(metric="bounced", recipient="ada@example.com", reason="mailbox full"),
        _metric("bounced", recipient="ada@example.com", reason="mailbox full"),
        shown=False,
    ),
    about("Neither a token nor a recipient", _report(), _metric("opened"), shown=False),
    *(
        about(f"The metric {name}", _report(metric=name), _metric(name), shown=False)
        for name in ("converted", "deferred", "dropped", "spammed")
    ),
    about("A deliveryId over 150 bytes", _report(deliveryId="x" * 151), "identifier_too_long", shown=False),
    about("No deliveryId", _report(deliveryId=""), "missing_delivery_id"),
    about("A metric that the Track API does not know", _report(metric="sent"), "invalid_metric"),
    about("No metric", _report(metric=None), "invalid_metric", shown=False),
    about("A metric in capitals", _report(metric="Opened"), "invalid_metric", shown=False),
    about("A recipient of a wrong type", _report(recipient=["tok-1"]), "invalid_field", shown=False),
]
