"""Events as the official libraries send them, for tests."""

from __future__ import annotations

import itertools
from typing import Any

_numbers = itertools.count(1)

TIME = "2026-11-23T21:46:40.408Z"


def event(call: str, **fields: Any) -> dict[str, Any]:
    return {"type": call, "messageId": f"message-{next(_numbers)}", "timestamp": TIME, **fields}


def track(name: str = "Clicked Button", user_id: str = "u1", **fields: Any) -> dict[str, Any]:
    return event("track", event=name, userId=user_id, **fields)


def identify(user_id: str | None = "u1", traits: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    return event("identify", userId=user_id, traits=traits or {}, **fields)


def page(user_id: str | None = "u1", **fields: Any) -> dict[str, Any]:
    return event("page", userId=user_id, **fields)
