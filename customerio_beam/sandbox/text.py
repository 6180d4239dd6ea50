"""Text from strangers, safe to look at: what would hide, reorder or control other text shows as its code point."""

from __future__ import annotations

import re

#: Control characters, bidirectional marks, and characters without a width.
_HIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


def visible(text: str, keep: str = "\t\n") -> str:
    """Return a text with its hidden characters shown, as ⟨U+202E⟩, except those in `keep`."""
    return _HIDDEN.sub(lambda found: found[0] if found[0] in keep else f"⟨U+{ord(found[0]):04X}⟩", text)
