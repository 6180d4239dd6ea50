"""A person's devices, from an event's ``context.device``."""

from __future__ import annotations

from typing import Any, Final

from customerio_beam.mapping import json_text
from customerio_beam.mapping.errors import InvalidEvent
from customerio_beam.mapping.event import Context, Event
from customerio_beam.mapping.fields import text, trimmed

__all__ = ["device_token", "new_device"]

#: Apple's systems and device types, lower case, without spaces.
_APPLE: Final = frozenset(
    {"ios", "ipados", "iphone", "iphoneos", "ipad", "ipod", "tvos", "watchos", "visionos", "macos"}
)


def device_token(event: Event) -> str | None:
    """Return the push token, ``context.device.token``, or None."""
    return text(_object(event.context.device), "token")


def new_device(token: str, event: Event) -> dict[str, Any]:
    """Describe a device as ``add_device`` takes it.

    Raises:
        InvalidEvent: ``unsupported_platform``: neither one of Apple's systems nor Android.
    """
    return {
        "token": token,
        "platform": _platform(event.context),
        "last_used": event.time_ms // 1000,
        "attributes": _device_attributes(event),
    }


def _platform(context: Context) -> str:
    name = text(_object(context.device), "type") or text(_object(context.os), "name")
    system = name.lower().replace(" ", "") if name is not None else ""
    if system in _APPLE:
        return "ios"
    if system == "android":
        return "android"
    raise InvalidEvent("unsupported_platform", "The device's platform is neither ios nor android.")


def _device_attributes(event: Event) -> dict[str, str]:
    context = event.context
    described = {
        "device_os": text(_object(context.os), "version"),
        "device_model": text(_object(context.device), "model"),
        "app_version": text(_object(context.app), "version"),
        "device_locale": trimmed(context.locale),
    }
    attributes = {name: value for name, value in described.items() if value is not None}
    for name, value in event.properties.items():
        if value is not None:
            attributes[name] = value if isinstance(value, str) else json_text.dumps(value).decode("utf-8")
    return attributes


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
