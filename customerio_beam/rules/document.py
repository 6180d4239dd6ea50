"""YAML text to plain values, each with its place in the text.

YAML is larger than a rules file needs. Aliases, tags and several documents are refused: they would let a small file
stand for a huge one, or hide from a reviewer what applies. Text that looks like a date stays text, as in JSON.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, NodeEvent, ScalarEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from customerio_beam.rules.problems import Problem, RulesError

__all__ = ["MAX_BYTES", "Document", "Keys", "Place", "read_document"]

#: The largest rules file. A file of a thousand rules has a tenth of it.
MAX_BYTES: Final = 256 * 1024
#: The deepest nesting. The model needs seven levels.
_MAX_DEPTH: Final = 20

#: The keys and list indexes that lead to a value.
Keys = tuple[str | int, ...]

_is_surrogate: Final = re.compile("[\ud800-\udfff]").search

_TEXT_TAGS: Final = ("tag:yaml.org,2002:str", "tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:merge")


@dataclass(frozen=True, order=True)
class Place:
    """A place in the text: line and column, both from 1."""

    line: int
    column: int


@dataclass(frozen=True)
class Document:
    """The values of a file.

    Attributes:
        file: Its path.
        values: The outermost mapping.
        keys: Where the key (or the list member) begins that leads to each value.
        contents: Where each value itself begins.
    """

    file: str
    values: dict[str, Any]
    keys: dict[Keys, Place] = field(default_factory=dict)
    contents: dict[Keys, Place] = field(default_factory=dict)

    def problem(self, keys: Keys, sentence: str) -> Problem:
        """Return a problem with a value, at the value's key."""
        place = self.keys.get(keys) or self.contents.get(keys) or Place(1, 1)
        return Problem(place.line, place.column, _written(keys), sentence)

    def problem_inside(self, keys: Keys, sentence: str) -> Problem:
        """Return a problem with a value, at the value itself."""
        place = self.contents.get(keys) or Place(1, 1)
        return Problem(place.line, place.column, _written(keys), sentence)


def read_document(file: str, data: bytes) -> Document:
    """Read YAML 1.2 text.

    Args:
        file: Its path, for the messages.
        data: UTF-8 text.

    Returns:
        Its values, with their places.

    Raises:
        RulesError: The text is not YAML, or uses what a rules file has no use for: duplicate keys, anchors, tags,
            several documents, deep nesting; or is larger than 256 KB.
    """
    if len(data) > MAX_BYTES:
        sentence = f"The file has {len(data):,} bytes; a rules file has at most {MAX_BYTES:,}."
        raise RulesError(file, [Problem(1, 1, "", sentence)])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise RulesError(file, [Problem(line, 1, "", "The file is not UTF-8 text.")]) from None
    try:
        _check_events(file, text)
        root = _yaml().compose(text)
    except MarkedYAMLError as error:
        raise RulesError(file, [_syntax_problem(error)]) from None
    except YAMLError as error:
        sentence = f"The file is not YAML: {str(error).splitlines()[0]}."
        raise RulesError(file, [Problem(1, 1, "", sentence)]) from None
    if not isinstance(root, MappingNode):
        raise RulesError(file, [Problem(1, 1, "", "The file must have keys at its top, the first of them version: 1.")])
    return _Builder(file).document(root)


def _yaml() -> YAML:
    return YAML(typ="safe", pure=True)


def _check_events(file: str, text: str) -> None:
    """Refuse what a rules file has no use for, before anything is built from it."""
    depth = 0
    for event in _yaml().parse(text):
        refused = ""
        if isinstance(event, AliasEvent) or (isinstance(event, NodeEvent) and event.anchor is not None):
            refused = "Anchors and aliases are not allowed: write the value out, so that a reviewer sees it."
        elif isinstance(event, NodeEvent) and _has_tag(event):
            refused = "Tags are not allowed: write the plain value."
        elif isinstance(event, ScalarEvent) and _is_surrogate(event.value):
            refused = "A surrogate is no character: write the character itself."
        elif isinstance(event, CollectionStartEvent):
            depth += 1
            if depth > _MAX_DEPTH:
                refused = f"The file nests deeper than {_MAX_DEPTH} levels."
        elif isinstance(event, CollectionEndEvent):
            depth -= 1
        if refused:
            mark = event.start_mark
            raise RulesError(file, [Problem(mark.line + 1, mark.column + 1, "", refused)])


def _has_tag(event: Any) -> bool:
    tag = getattr(event, "tag", None)
    return tag is not None and str(tag) not in ("", "None")


def _syntax_problem(error: MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
    words = [error.problem, error.context or ""]
    if not words[1].startswith("while"):
        words.reverse()  # "expected a single document in the stream but found another document"
    return Problem(line, column, "", f"The file is not YAML: {' '.join(words).strip()}.")


class _Builder:
    """Turns nodes into values and notes their places."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._problems: list[Problem] = []
        self._keys: dict[Keys, Place] = {}
        self._contents: dict[Keys, Place] = {}
        self._constructor = _yaml().constructor

    def document(self, root: MappingNode) -> Document:
        values = self._value(root, ())
        if self._problems:
            raise RulesError(self._file, self._problems)
        return Document(self._file, values, self._keys, self._contents)

    def _value(self, node: Node, keys: Keys) -> Any:
        self._contents[keys] = _place(node)
        if isinstance(node, MappingNode):
            return self._mapping(node, keys)
        if isinstance(node, SequenceNode):
            members = [((*keys, index), member) for index, member in enumerate(node.value)]
            self._keys.update({inner: _place(member) for inner, member in members})
            return [self._value(member, inner) for inner, member in members]
        return node.value if node.tag in _TEXT_TAGS else self._constructor.construct_object(node)

    def _mapping(self, node: MappingNode, keys: Keys) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                self._refuse(key, keys, "A key must be text.")
                continue
            name = str(key.value)
            inner = (*keys, name)
            if name in values:
                first = self._keys[inner].line
                self._refuse(key, inner, f"The key {name} is written twice; line {first} has it too.")
                continue
            self._keys[inner] = _place(key)
            values[name] = self._value(value, inner)
        return values

    def _refuse(self, node: Node, keys: Keys, sentence: str) -> None:
        place = _place(node)
        self._problems.append(Problem(place.line, place.column, _written(keys), sentence))


def _place(node: Node) -> Place:
    return Place(node.start_mark.line + 1, node.start_mark.column + 1)


def _written(keys: Keys) -> str:
    """Write keys as a person would, such as ``when[0].match``."""
    text = ""
    for key in keys:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else key
    return text
