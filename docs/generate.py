"""Writes the pages that say what the code says: docs/configuration.md from the fields of `sandbox_rl.config`, docs/commands.md
from the commands of `sandbox_rl.cli`. `make docs` runs it; a test holds the pages to it.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import typer
from pydantic import BaseModel
from typer.models import ArgumentInfo, CommandInfo, OptionInfo

from sandbox_rl.cli import app
from sandbox_rl.config import RunConfig

HERE = Path(__file__).parent
NOTE = "<!-- Written by docs/generate.py (`make docs`); change the code, not this page. -->"
BOUNDS = {"minimum": "≥ {}", "exclusiveMinimum": "> {}", "maximum": "≤ {}", "exclusiveMaximum": "< {}"}
CONFIGURATION = """\
# Configuration

A run's settings are one YAML file. `--set section.name=value` overrides a setting on the command line, with the value in YAML:
`--set ppo.learning_rate=1e-5 --set monitors.stop='[kl, entropy]'`. An unknown setting is an error that names the nearest one.
Configs that ship are named without a path: `quickstart`, `math-quickstart`, `repair-quickstart`, `negotiation-quickstart`,
`smollm2-mbpp` (in `sandbox_rl/configs`). Every run folder keeps the whole of its settings in `config.yaml`."""
COMMANDS = """\
# Commands

`sandbox-rl COMMAND --help` says the same. Exit status: 0; 1 where a check found something; 2 with one sentence for a mistake that
the caller can mend; 130 after Ctrl-C. Commands that train need `pip install 'sandbox-rl[train]'`."""


def main() -> None:
    for name, page in pages().items():
        (HERE / name).write_text(page, encoding="utf-8")


def pages() -> dict[str, str]:
    """Each page's text, by its file's name."""
    return {"configuration.md": configuration(), "commands.md": commands()}


def configuration() -> str:
    return "\n\n".join((NOTE, CONFIGURATION, *_sections(RunConfig, ""))) + "\n"


def _sections(section: type[BaseModel], name: str) -> Iterator[str]:
    """The settings of a section as a table, then the sections within it."""
    schema = section.model_json_schema()
    within = {key: inner for key, field in section.model_fields.items() if (inner := _section_in(field.annotation))}
    rows = [
        (f"`{name}.{key}`" if name else f"`{key}`", _kind(told), _said(section.model_fields[key].default), told["description"])
        for key, told in schema["properties"].items()
        if key not in within
    ]
    own = (section.__doc__ or "").strip() if section.__doc__ != BaseModel.__doc__ else ""
    yield "\n\n".join(filter(None, (f"## {name or 'the run'}", " ".join(own.split()) if name else "", _table("setting", rows))))
    for key, inner in within.items():
        yield from _sections(inner, f"{name}.{key}".lstrip("."))


def _section_in(annotation: Any) -> type[BaseModel] | None:
    """The section that a field holds, perhaps as `Section | None`."""
    kinds = get_args(annotation) or (annotation,)
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)


def _kind(schema: dict[str, Any]) -> str:
    """What a setting may be, from its JSON Schema."""
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if "const" in schema or "enum" in schema:
        return ", ".join(f"`{name}`" for name in schema.get("enum", [schema.get("const")]))
    bounds = [text.format(f"{schema[key]:g}") for key, text in BOUNDS.items() if key in schema]
    if schema["type"] == "array":
        return "list of " + _kind(schema["items"])
    return " ".join((schema.get("format", schema["type"]).replace("null", "none"), ", ".join(bounds))).strip()


def _said(default: object) -> str:
    return "none" if default is None else f"`{default}`".lower() if isinstance(default, bool) else f"`{default}`"


def commands() -> str:
    return "\n\n".join((NOTE, COMMANDS, *_commands(app, "sandbox-rl"))) + "\n"


def _commands(group: typer.Typer, prefix: str) -> Iterator[str]:
    if group.registered_callback and group.info.invoke_without_command is True:
        yield f"## {prefix}\n\n{inspect.getdoc(group.registered_callback.callback)}"
    for command in group.registered_commands:
        yield _command(command, prefix)
    for inner in group.registered_groups:
        assert inner.typer_instance
        yield from _commands(inner.typer_instance, f"{prefix} {inner.name}")


def _command(command: CommandInfo, prefix: str) -> str:
    work = command.callback
    assert work
    usage, rows = [f"{prefix} {command.name or work.__name__.replace('_', '-')}"], []
    for name, parameter in inspect.signature(work, eval_str=True).parameters.items():
        kind, info = _told(parameter)
        flag = _flag(name, info)
        needed = parameter.default is inspect.Parameter.empty
        if needed or isinstance(info, ArgumentInfo):
            shown = flag if isinstance(info, ArgumentInfo) else f"{flag} {name.upper()}"
            usage.append(shown if needed else f"[{shown}]")
        default = "needed" if needed else "" if kind == "flag" else _said(parameter.default or None)
        rows.append((f"`{flag}`", kind, default, info.help or ""))
    call = f"```text\n{' '.join(usage)}{' [OPTIONS]' if any('--' in row[0] for row in rows) else ''}\n```"
    return "\n\n".join((f"## {usage[0]}", inspect.getdoc(work) or "", call, *([_table("argument", rows)] if rows else [])))


def _flag(name: str, info: ArgumentInfo | OptionInfo) -> str:
    """How a parameter is written: as it is declared (typer keeps the first declaration as `default`), or after its name."""
    if isinstance(info, ArgumentInfo):
        return name.upper()
    declared = [one for one in (info.default, *(info.param_decls or ())) if isinstance(one, str) and one.startswith("--")]
    return declared[0] if declared else f"--{name.replace('_', '-')}"


def _told(parameter: inspect.Parameter) -> tuple[str, ArgumentInfo | OptionInfo]:
    """What a parameter of a command may be, and what is said of it."""
    annotation: Any = parameter.annotation
    info: Any = ArgumentInfo()
    if get_origin(annotation) is Annotated:
        annotation, info = get_args(annotation)
    kinds = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    kind = next(kind for kind in kinds if kind is not type(None))
    if get_origin(kind) is Literal:
        return ", ".join(f"`{name}`" for name in get_args(kind)), info
    if get_origin(kind) is list:
        return "text, may be repeated", info
    least = f" ≥ {info.min:g}" if info.min is not None else ""
    return {bool: "flag", Path: "path", int: "integer", str: "text"}[kind] + least, info


def _table(what: str, rows: list[tuple[str, str, str, str]]) -> str:
    head = [(what, "what it may be", "default", "meaning"), ("---",) * 4]
    cells = [[" ".join(cell.split()).replace("|", "\\|") for cell in row] for row in rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in (*head, *cells))


if __name__ == "__main__":
    main()
