"""Text from outside, made safe to show on a terminal or in a log."""

from __future__ import annotations

__all__ = ["visible"]


def visible(text: str | bytes, max_chars: int | None = None) -> str:
    r"""Replace every character that a terminal or a log viewer would act on, instead of showing it, by its escape.

    These are control characters (line ends and tabs too), bidirectional marks, zero-width and other format characters,
    lone surrogates, unassigned characters, and separators other than the space: everything that ``str.isprintable``
    rejects. A text without such characters comes back as it is.

    Args:
        text: The text, or its bytes; bytes that are not UTF-8 are escaped too.
        max_chars: Show at most this many characters of the text, and ``...`` in place of the others.

    Returns:
        One line, such as ``plan\x1b[2J`` for a text with an escape sequence that clears the screen.
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8", "backslashreplace")
    end = ""
    if max_chars is not None and len(text) > max_chars:
        text, end = text[:max_chars], "..."
    if not text.isprintable():
        text = "".join([char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text])
    return text + end
