"""YAML as plain values: texts, numbers, truth values, lists and mappings; nothing in it runs or grows as it is read."""

import re
import unicodedata
from collections.abc import Hashable
from itertools import chain
from typing import Any

import yaml

from segsweep.errors import GridError

DEEPEST = 20
"""Lists and mappings inside each other."""
MOST_VALUES = 100_000
"""With every alias written out."""
LONGEST_TEXT = 1_000
"""Characters."""
_LONGEST_NUMBER = 40

_YAML = "tag:yaml.org,2002:"
_EXPONENT = "!exponent"
_PLAIN = (*(_YAML + kind for kind in ("map", "seq", "str", "int", "float", "bool", "null", "merge")), _EXPONENT)
_NO_TEXT = ("Cc", "Cs", "Zl", "Zp")
"""Unicode's categories of control characters, halves of characters, and ends of lines and paragraphs."""


def read_yaml(text: str) -> Any:
    """The one document of a text.

    Raises:
        GridError: in one line: it is no YAML, or holds something else than plain values, or too much.
    """
    try:
        loader = _PlainLoader(text)
        node = loader.get_single_node()
        if node is None:
            return None
        _measure(node, {})
        return loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise GridError(f"{line}{error.problem}") from error
    except (yaml.YAMLError, ValueError) as error:  # ValueError: 0x_ has the form of a number
        raise GridError(f"not YAML: {str(error).splitlines()[0]}") from error
    except RecursionError as error:
        raise GridError(f"lists and mappings are nested at most {DEEPEST} deep") from error


class _PlainLoader(yaml.SafeLoader):
    """YAML without tags and without its silent rule that the last of two equal keys wins; reads 1e-3 as a number."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if getattr(event, "tag", None) is not None:
            raise yaml.MarkedYAMLError(problem=f"no tags, such as {event.tag}", problem_mark=event.start_mark)
        return super().compose_node(parent, index)


def _measure(node: yaml.Node, known: dict[int, tuple[int, int] | None]) -> tuple[int, int]:
    """How many values a node holds once its aliases are written out, and how deep.

    Args:
        node: whose parts may be shared with others.
        known: what is found, by identity of the node; None while it is looked at.
    """
    if id(node) in known:
        found = known[id(node)]
        if found is None:
            raise _wrong(node, "an alias stands inside what it stands for")
        return found
    if node.tag not in _PLAIN:
        # a date, or the sign `=`
        raise _wrong(node, f"{node.value} is no text, number, true, false or null; a text may need quotes")
    known[id(node)] = None
    parts = [_measure(part, known) for part in _parts(node)]
    values, levels = 1 + sum(values for values, _ in parts), 1 + max((levels for _, levels in parts), default=0)
    if levels > DEEPEST:
        raise _wrong(node, f"lists and mappings are nested at most {DEEPEST} deep")
    if values > MOST_VALUES:
        raise _wrong(node, f"at most {MOST_VALUES:,} values, with every alias written out")
    known[id(node)] = values, levels
    return values, levels


def _parts(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return list(chain.from_iterable(node.value))
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _wrong(node: yaml.Node, problem: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)


def _mapping(loader: _PlainLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        if key_node.tag == f"{_YAML}merge":
            continue
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, Hashable):
            raise _wrong(key_node, f"a key is a word, got {key!r}")
        if key in seen:
            raise _wrong(key_node, f"key {key!r} appears twice")
        seen.add(key)
    return loader.construct_mapping(node, deep=True)


def _text(loader: _PlainLoader, node: yaml.ScalarNode) -> str:
    text = str(loader.construct_scalar(node))
    if len(text) > LONGEST_TEXT:
        raise _wrong(node, f"a text has at most {LONGEST_TEXT:,} characters, this one has {len(text):,}")
    strange = next((letter for letter in text if unicodedata.category(letter) in _NO_TEXT), None)
    if strange is not None:
        raise _wrong(node, f"a text is one line of letters and signs; this one holds U+{ord(strange):04X}")
    return text


def _whole_number(loader: _PlainLoader, node: yaml.ScalarNode) -> int:
    # the length first: a number of ten thousand digits takes Python long, and it refuses to print one
    number = int(loader.construct_yaml_int(node)) if len(node.value) <= _LONGEST_NUMBER else None
    if number is None or number.bit_length() > 63:
        raise _wrong(node, "a whole number has at most 64 bits")
    return number


def _exponent(loader: _PlainLoader, node: yaml.ScalarNode) -> float:
    return float(loader.construct_scalar(node))


_PlainLoader.add_constructor(f"{_YAML}map", _mapping)
_PlainLoader.add_constructor(f"{_YAML}str", _text)
_PlainLoader.add_constructor(f"{_YAML}int", _whole_number)
# YAML 1.1 reads 1e-3 as text, since it has no dot; a person means a number
_PlainLoader.add_constructor(_EXPONENT, _exponent)
_PlainLoader.add_implicit_resolver(_EXPONENT, re.compile(r"^[-+]?\d+(\.\d*)?[eE][-+]?\d+$"), list("-+0123456789"))
