"""Finding where the values in a text begin and end, without making values of them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from customerio_beam.reading.payload import HEAD_BYTES
from customerio_beam.reading.syntax import TRUNCATED, Damage, damage, encoding_damage, syntax_error, tolerated

__all__ = ["Cursor", "Damaged", "Piece"]

_OPENS: Final = frozenset(b'{["')
_QUOTE: Final = ord('"')
_RS: Final = 0x1E  # stands before each value of a JSON text sequence (RFC 7464)
_BOM: Final = b"\xef\xbb\xbf"
_SPACES: Final = frozenset(b" \t\r\n")

# Where no end is found: it is behind what is held of the text; or the text is no JSON.
_BEHIND: Final = -1
_UNKNOWN: Final = -2

# msgspec checks a text at many times the speed of the patterns below, and says where something follows a value.
_TRAILING: Final = re.compile(r"trailing characters \(byte (\d+)\)").search

_SPACE: Final = re.compile(rb"[ \t\r\n]*")
_WORD: Final = re.compile(rb'[^ \t\r\n\x1e\xef,:"\[\]{}]*')
#: A longer word is no number that anything can read.
_MAX_WORD_BYTES: Final = 65_536
# Repetitions are counted: each takes memory for as long as its pattern matches.
_IN_STRING: Final = re.compile(rb'[^"\\]*(?:\\.[^"\\]*){0,500}', re.DOTALL)
# Up to the next bracket: over strings, and what stands between them.
_BETWEEN: Final = re.compile(rb'[^"\[\]{}]*(?:"[^"\\]*(?:\\.[^"\\]*){0,500}"[^"\[\]{}]*){0,500}', re.DOTALL)
_PLAIN_FIELD: Final = (
    rb'"[\w$ .-]*": ?(?:"[ !#-\[\]-~]*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null),[ \t\r\n]*'
)
_PLAIN_FIELDS: Final = re.compile(rb"(?:" + _PLAIN_FIELD + rb"){1,500}")
_BRACKETS: Final = re.compile(rb"[\[{]+|[\]}]+")


class Damaged(ValueError):
    """A text in which a value can't be read whole.

    Attributes:
        offset: Where it is damaged.
        why: What is wrong there.
    """

    def __init__(self, offset: int, why: str):
        super().__init__(f"{why} (byte {offset})")
        self.offset = offset
        self.why = why


class Piece:
    """A value in a text.

    Attributes:
        offset: Where it begins.
        size: Its length in bytes.
        text: The value; only its first ``HEAD_BYTES`` where it is too long to hold.
        is_finished: Whether the value ends before the text does.
        is_json: Whether it is known to be JSON, but for what ``syntax.tolerated`` tolerates.
    """

    def __init__(self, offset: int, size: int, text: bytes, is_finished: bool, is_json: bool):
        self.offset = offset
        self.size = size
        self.text = text
        self.is_finished = is_finished
        self.is_json = is_json

    @property
    def damage(self) -> Damage | None:
        """Why it can't be read, as far as it is held; None where it can, or where only single values in it can't."""
        if not self.is_whole:
            return None
        return encoding_damage(self.text) if self.is_json else damage(self.text)

    @property
    def is_whole(self) -> bool:
        """Whether ``text`` is all of it."""
        return self.size == len(self.text)


class Cursor:
    """A place in a text that comes in blocks. Of the text it holds one block, or one value that it is asked for.

    Args:
        blocks: The text, in blocks that are not empty.
        offset: Where the text begins, to say where its values do.
    """

    def __init__(self, blocks: Iterator[bytes], offset: int = 0):
        self._blocks = blocks
        self._text = b""
        self._view = memoryview(b"")  # of _text, or of what is tolerated of it
        self._is_tolerant = False
        self._position = 0
        self._start = offset  # of _text
        self._copy: Callable[[bytes], object] | None = None
        self._copied = 0  # up to where in _text

    @property
    def offset(self) -> int:
        """Where the cursor is."""
        return self._start + self._position

    def peek(self) -> int:
        """Skip white space, and return the next byte; -1 at the end."""
        while True:
            self._position = _end(_SPACE, self._text, self._position)
            if self._position < len(self._text):
                return self._text[self._position]
            if not self._next_block():
                return -1

    def peek_value(self) -> int:
        """Skip what may stand between values, and return the next byte; -1 at the end."""
        byte = self._skip_separators()
        if byte == _BOM[0] and self.upcoming(len(_BOM)) == _BOM:  # where files were joined
            self._position += len(_BOM)
            byte = self._skip_separators()
        return byte

    def begins_value(self) -> bool:
        """Whether a value begins at the byte that ``peek`` returned. NaN and Infinity are taken for values."""
        if self._position >= len(self._text):
            return False
        if self._text[self._position] in _OPENS:
            return True
        word = self._word()
        return bool(word) and not syntax_error(tolerated(word))

    def skip_plain_fields(self, but: Iterable[bytes]) -> None:
        """Skip some of the fields that follow in an object: short texts, numbers and the like. It is only for speed.

        Args:
            but: Names of fields that are not skipped.
        """
        fields = _PLAIN_FIELDS.match(self._text, self._position)
        if fields is not None and not any(name in fields[0] for name in but):
            self._position = fields.end()

    def skip(self) -> None:
        """Skip the byte that ``peek`` returned."""
        self._position += 1

    def upcoming(self, size: int) -> bytes:
        """Return the text from here on: this many bytes, or all there are."""
        while len(self._text) - self._position < size and self._extend():
            pass
        return self._text[self._position : self._position + size]

    def rest(self) -> Iterator[bytes]:
        """Return the text from here on, in blocks that are not empty; the cursor is of no use afterwards."""
        held = self._text[self._position :]
        return itertools.chain([held] if held else [], self._blocks)

    def copy_to(self, copy: Callable[[bytes], object] | None) -> None:
        """Hand on all text from here on, as it is read; with None, no more of it."""
        if self._copy is not None:
            self._copy(self._text[self._copied : self._position])
        self._copy = copy
        self._copied = self._position

    def take(self, limit: int) -> Piece:
        """Take the value that begins here (``begins_value``), of any length.

        Args:
            limit: Of a longer value, in bytes, only the beginning is kept.
        """
        piece = self.take_within(limit, may_drop=True)
        assert piece is not None  # noqa: S101  # for the type checker: nothing is too long
        return piece

    def take_within(self, limit: int, *, may_drop: bool = False) -> Piece | None:
        """Take the value that begins here (``begins_value``) unless it is too long.

        Args:
            limit: The longest value that may be held, in bytes.
            may_drop: Whether to take a longer one, and keep only its beginning.

        Returns:
            The value; None where it is longer, and the cursor still before it.
        """
        if self._text[self._position] not in _OPENS:
            size = len(self._word())  # this may move the position
            end = self._position + size
            return self._cut(end, limit, is_json=True) if may_drop or end - self._position <= limit else None
        while True:
            end = self._quick_end()
            if end >= 0:
                return self._cut(end, limit, is_json=True) if may_drop or end - self._position <= limit else None
            held = len(self._text) - self._position
            if end == _UNKNOWN or held > limit:
                return self._take_slowly(limit, may_drop) if may_drop or held <= limit else None
            if not self._extend():
                return self._cut(len(self._text), limit, is_finished=False)

    def take_rest(self, limit: int) -> Piece:
        """Take all that is left of the text; where that is longer than ``limit``, keep only its beginning."""
        while len(self._text) - self._position <= limit and self._extend():
            pass
        if len(self._text) - self._position <= limit:
            return self._cut(len(self._text), limit)
        offset, head = self.offset, self.upcoming(HEAD_BYTES)
        while self._next_block():
            pass
        self._position = len(self._text)
        return Piece(offset, self.offset - offset, head, True, False)

    def _quick_end(self) -> int:
        """Find the end of the value that begins here; ``_BEHIND`` or ``_UNKNOWN`` where it is not found."""
        text, position = self._text, self._position
        error = syntax_error(self._view[position:])
        if error and not self._is_tolerant and _TRAILING(error) is None:
            self._view, self._is_tolerant = memoryview(tolerated(text)), True
            error = syntax_error(self._view[position:])
        end = len(text)
        if error:
            trailing = _TRAILING(error)
            if trailing is None:
                return _BEHIND if error == TRUNCATED else _UNKNOWN
            end = position + int(trailing[1]) - 1
        while text[end - 1] in _SPACES:
            end -= 1
        return end

    def _skip_separators(self) -> int:
        while (byte := self.peek()) == _RS:
            self._position += 1
        return byte

    def _word(self) -> bytes:
        """Return the number or word that begins here; empty where it is longer than any that can be read."""
        end = _end(_WORD, self._text, self._position)
        while end == len(self._text) and end - self._position <= _MAX_WORD_BYTES and self._extend():
            end = _end(_WORD, self._text, self._position)
        word = self._text[self._position : end]
        return word if len(word) <= _MAX_WORD_BYTES else b""

    def _take_slowly(self, limit: int, may_drop: bool) -> Piece | None:
        offset = self.offset
        search = _EndOfValue()
        head = b""
        at = search.feed(self._text, self._position)
        while not search.found:
            held = len(self._text) - self._position
            if held > limit and not may_drop:
                return None
            if not head and held <= max(limit, HEAD_BYTES):
                if not self._extend():
                    return self._cut(len(self._text), limit, is_finished=False)
                at = search.feed(self._text, self._position + held)
            else:
                head = head or self._text[self._position : self._position + HEAD_BYTES]
                if not self._next_block():
                    self._position = len(self._text)
                    return Piece(offset, self.offset - offset, head, False, False)
                at = search.feed(self._text, 0)
        if head:
            self._position = at
            return Piece(offset, self.offset - offset, head, True, False)
        return self._cut(at, limit) if may_drop or at - self._position <= limit else None

    def _cut(self, end: int, limit: int, *, is_finished: bool = True, is_json: bool = False) -> Piece:
        start, size = self._position, end - self._position
        self._position = end
        kept = size if size <= limit else min(size, HEAD_BYTES)
        return Piece(self._start + start, size, self._text[start : start + kept], is_finished, is_json)

    def _next_block(self) -> bool:
        """Go to the beginning of the next block; False, and stay, where there is none."""
        block = next(self._blocks, None)
        if block is None:
            return False
        self._set_text(block, len(self._text))
        return True

    def _extend(self) -> bool:
        """Hold at least twice as much of the text from here on; False where there is no more."""
        parts = [self._text[self._position :]]
        held = len(parts[0])
        size = held
        for block in self._blocks:
            parts.append(block)
            size += len(block)
            if size >= 2 * held:
                break
        if len(parts) == 1:
            return False
        self._set_text(b"".join(parts), self._position)
        return True

    def _set_text(self, text: bytes, dropped: int) -> None:
        """Hold another text, which begins ``dropped`` bytes further on."""
        if self._copy is not None:
            self._copy(self._text[self._copied : dropped])
        self._start += dropped
        self._text, self._view, self._is_tolerant = text, memoryview(text), False
        self._position = self._copied = 0


class _EndOfValue:
    """The search for the end of a list, object or string whose text comes in parts.

    It looks at brackets and quotes alone: the value may be no JSON.

    Attributes:
        found: Whether the value has ended.
    """

    def __init__(self) -> None:
        self.found = False
        self._depth = 0
        self._in_string = False
        self._after_backslash = False

    def feed(self, text: bytes, at: int) -> int:
        """Go on with the search.

        Args:
            text: A part of the value's text, or more.
            at: Where to go on in it; first where the value begins.

        Returns:
            Where the value ends; the length of the text where it does not.
        """
        size = len(text)
        while at < size and not self.found:
            if self._in_string:
                at = self._string(text, at)
            elif self._depth:
                at = self._inside(text, at)
            else:
                self._in_string = text[at] == _QUOTE
                self._depth = 0 if self._in_string else 1
                at += 1
        return at

    def _string(self, text: bytes, at: int) -> int:
        if self._after_backslash:
            self._after_backslash = False
            return at + 1
        at = _end(_IN_STRING, text, at)
        if at == len(text):
            return at
        if text[at] == _QUOTE:
            self._in_string = False
            self.found = self._depth == 0
            return at + 1
        if at + 1 == len(text):
            self._after_backslash = True
            return at + 1
        return at  # there are more escapes than one match takes

    def _inside(self, text: bytes, at: int) -> int:
        at = _end(_BETWEEN, text, at)
        if at == len(text):
            return at
        if text[at] == _QUOTE:
            self._in_string = True
            return at + 1
        end = _end(_BRACKETS, text, at)
        if text[at] in _OPENS:
            self._depth += end - at
            return end
        self._depth -= end - at
        if self._depth > 0:
            return end
        self.found = True
        return end + self._depth  # less the brackets that are too many


def _end(pattern: re.Pattern[bytes], text: bytes, at: int) -> int:
    match = pattern.match(text, at)
    return at if match is None else match.end()
