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
        "An unknown platform: the event goes out, the device is a dead letter",
        _track("Application Opened", context={"device": {"token": "tok-1"}, "os": {"name": "Tizen"}}),
        Operations((operation("event", U1, "Application Opened"),), ("unsupported_platform",)),
    ),
    about(
        "A device over 32,000 bytes: the event goes out, the device is a dead letter",
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
        "Device Created or Updated: the device alone",
        _track("Device Created or Updated", context=_PHONE),
        _device(**_PHONE_ATTRIBUTES),
    ),
    about(
        "All of a device's attributes are strings",
        _on({"device": {"type": "android"}}) | {"properties": {"beta": True, "n": 1.5, "tags": ["a"], "none": None}},
        _device(platform="android", beta="true", n="1.5", tags='["a"]'),
    ),
    about("Device Deleted", _track("Device Deleted", context=_PHONE), _NO_DEVICE),
    about("No token", _track("Device Deleted", context={"device": {"type": "ios"}}), "missing_device_token"),
    about("No token to create", _track("Device Created or Updated"), "missing_device_token", shown=False),
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

PLATFORMS = [
    about("`context.device.type`, else `context.os.name`", _on({"os": {"name": "iPadOS"}}), _device()),
    about("Android", _on({"os": {"name": "Android", "version": "14"}}), _device(platform="android", device_os="14")),
    *(
        about(f"Apple's {name}", _on({"device": {"type": name}}), _device(), shown=False)
        for name in ("iOS", "iPhone OS", "watchOS", "tvOS", "visionOS", "macOS")
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


PEOPLE = [
    about("User Deleted", _track("User Deleted"), _person("delete")),
    about("Delete Person", _track("Delete Person"), _person("delete"), shown=False),
    about("User Suppressed", _track("User Suppressed"), _person("suppress")),
    about("Suppress Person", _track("Suppress Person"), _person("suppress"), shown=False),
    about("User Unsuppressed", _track("User Unsuppressed"), _person("unsuppress")),
    about("Unsuppress Person", _track("Unsuppress Person"), _person("unsuppress"), shown=False),
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
    about('The type is "1" by default', _track("Delete Object", properties=_ACME), _object("delete")),
    about(
        "Relationship Deleted",
        _track("Relationship Deleted", properties=_ACME),
        _object("delete_relationships", cio_relationships=_NOT_OF_U1),
    ),
    about(
        "Delete Relationship",
        _track("Delete Relationship", properties={"objectId": "acme", "objectTypeId": "3"}),
        _object("delete_relationships", "3", cio_relationships=_NOT_OF_U1),
        shown=False,
    ),
    about("No objectId", _track("Object Deleted"), "missing_object_id"),
    about("No objectId of a relationship", _track("Relationship Deleted"), "missing_object_id", shown=False),
    about(
        "An objectId of a wrong type",
        _track("Object Deleted", properties={"objectId": {}}),
        "invalid_field",
        shown=False,
    ),
    about("Nobody", _track("Object Deleted", userId=None, anonymousId="a-1", properties=_ACME), "missing_identity"),
    about(
        "Nobody's relationship",
        _track("Relationship Deleted", userId=None, properties=_ACME),
        "missing_identity",
        shown=False,
    ),
]


def _report(**properties: Any) -> dict[str, Any]:
    given = {"deliveryId": "d-1", "metric": "opened", **properties}
    return _track("Report Delivery Event", properties=given, context={"device": {"token": "tok-1"}})


_OPENED = {
    "type": "delivery",
    "action": "event",
    "identifiers": {"id": "d-1"},
    "name": "opened",
    "attributes": {"device_token": "tok-1"},
}

DELIVERIES = [
    about("Report Delivery Event", _report(), _OPENED),
    about("No deliveryId", _report(deliveryId=""), "missing_delivery_id"),
    about("A metric that the Track API does not know", _report(metric="clicked"), "invalid_metric"),
    about("No metric", _report(metric=None), "invalid_metric", shown=False),
    about("No device token", {**_report(), "context": {}}, "missing_device_token"),
    about("Nobody", {**_report(), "userId": None}, "missing_identity", shown=False),
]
