"""A person's devices: their token, their platform, and what is known about them."""

from __future__ import annotations

from typing import Any, Final

from customerio_beam.mapping import json_text
from customerio_beam.mapping.errors import InvalidEvent
from customerio_beam.mapping.event import Event
from customerio_beam.mapping.fields import is_empty, trimmed
from customerio_beam.mapping.places import PLACES, field_of, first_token, places, value_at

__all__ = ["device_token", "new_device", "token_of_device_event"]

#: Apple's systems and device types, in lower case without spaces.
_APPLE: Final = frozenset(
    {
        "ios",
        "ipados",
        "iphone",
        "iphoneos",
        "ipad",
        "ipod",
        "ipodtouch",
        "tvos",
        "watchos",
        "visionos",
        "macos",
        "macosx",
    }
)
_ANDROID: Final = "android"

_TOKEN: Final = places("device token of application events")
_TOKEN_OF_DEVICE_EVENT: Final = places("device token of device and delivery events")
_PLATFORM: Final = places("device platform")
#: Properties that are no attributes of a device: the device itself, and its token.
_NO_ATTRIBUTES: Final = frozenset(
    {
        path.split(".")[1]
        for path in PLACES["device token of device and delivery events"]
        if path.startswith("properties.")
    }
)


def device_token(event: Event) -> str | None:
    """Return the push token of an event's device, or None."""
    return first_token(event, _TOKEN)


def token_of_device_event(event: Event) -> str | None:
    """Return the push token of an event that is about a device or a delivery, or None."""
    return first_token(event, _TOKEN_OF_DEVICE_EVENT)


def new_device(token: str, event: Event) -> dict[str, Any]:
    """Describe a device as ``add_device`` takes it.

    Raises:
        InvalidEvent: ``unsupported_platform``: neither one of Apple's systems nor Android.
    """
    return {
        "token": token,
        "platform": _platform(event),
        "last_used": event.time_ms // 1000,
        "attributes": _device_attributes(event),
    }


def _platform(event: Event) -> str:
    """Return the first of the places that is a platform: some libraries write *mobile* or a model's name there."""
    for place in _PLATFORM:
        name = trimmed(value_at(event, place))
        if name is not None:
            system = name.lower().replace(" ", "")
            if system in _APPLE:
                return "ios"
            if system == _ANDROID:
                return "android"
    raise InvalidEvent("unsupported_platform", "The device's platform is neither ios nor android.")


def _device_attributes(event: Event) -> dict[str, str]:
    context = event.context
    attributes: dict[str, str] = {}
    for name, value in (
        ("device_os", field_of(context.os, "version")),
        ("device_model", field_of(context.device, "model")),
        ("app_version", field_of(context.app, "version")),
        ("device_locale", context.locale),
    ):
        if not is_empty(value):
            attributes[name] = _as_text(value).strip()
    for name, value in event.properties.items():
        if value is not None and name not in _NO_ATTRIBUTES:
            attributes[name] = _as_text(value)
    return attributes


def _as_text(value: Any) -> str:
    """Write a value as a device's attribute: the specification wants strings."""
    return value if isinstance(value, str) else json_text.dumps(value).decode("utf-8")
