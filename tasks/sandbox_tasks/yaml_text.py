"""YAML for people: code as block text, dates as the text they were, and the line on which each value stands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml

from sandbox_tasks.errors import SuiteFileError

LineOf = Callable[[Sequence[str | int]], int]
"""The line (from 1) of the value at a path of keys and indices, or of the nearest thing around it."""


class _Loader(yaml.SafeLoader):
    """Without timestamps: tasks are JSON data, and `2024-01-01` in YAML is a string there."""

    yaml_implicit_resolvers = {  # noqa: RUF012 (the base class declares it so)
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


class _Dumper(yaml.SafeDumper):
    """Writes text of several lines as a block."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _string(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    if _OTHER_BREAKS & set(text):  # plain, they would be read as ends of lines
        return yaml.ScalarNode("tag:yaml.org,2002:str", text, style='"')
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if _reads_well_as_block(text) else None)


_OTHER_BREAKS = {"\x85", "\u2028", "\u2029"}


def _reads_well_as_block(text: str) -> bool:
    lines = text.split("\n")
    plain = all(line.isprintable() and line == line.rstrip() for line in lines)
    return len(lines) > 1 and plain and bool(lines[0]) and not lines[0].startswith(" ")


_Dumper.add_representer(str, _string)


def dump(data: Any) -> str:
    """Plain data as YAML, keys in the given order."""
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)


def load(raw: bytes, path: Path) -> tuple[Any, LineOf]:
    """The data in a YAML file, and where its parts stand. Raises SuiteFileError."""
    try:
        loader = _Loader(raw.decode("utf-8-sig"))
        node = loader.get_single_node()
        data = loader.construct_document(node) if node else None
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise SuiteFileError(path, f"is not UTF-8 text (0x{raw[error.start]:02x}); save the file as UTF-8", line) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = f"is not valid YAML ({error.problem}); correct the line"
        raise SuiteFileError(path, problem, mark.line + 1 if mark else None) from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise SuiteFileError(path, f"is not valid YAML ({str(error).splitlines()[0]}); correct the file") from None
    return data, lambda keys: _line(node, keys) if node else 1


def _line(node: yaml.Node, keys: Sequence[str | int]) -> int:
    line = node.start_mark.line
    for key in keys:
        found = _child(node, key)
        if found is None:
            break
        line, node = found
    return int(line) + 1


def _child(node: yaml.Node, key: str | int) -> tuple[int, yaml.Node] | None:
    """The line of a key (or item) and the node under it."""
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            if name.value == str(key):
                return name.start_mark.line, value
    elif isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
        return node.value[key].start_mark.line, node.value[key]
    return None
