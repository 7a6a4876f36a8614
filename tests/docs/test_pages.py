"""What the README and docs/ say is so: generated pages follow the code, commands parse, links and names lead somewhere, and
examples run.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import io
import json
import re
import runpy
import shlex
import subprocess
import sys
import tomllib
from functools import reduce
from importlib import import_module
from pathlib import Path

import pytest
import typer
from sandbox_rewards.sandbox.backends import probe
from sandbox_tasks.task import Task

from sandbox_rl.cli import app
from sandbox_rl.config import RunConfig, load_config

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
TEXTS = {str(page.relative_to(ROOT)): page.read_text() for page in PAGES}
NO_CODE = {name: re.sub(r"```.*?```", "", text, flags=re.DOTALL) for name, text in TEXTS.items()}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def blocks(kind: str) -> list[tuple[str, str]]:
    """Fenced blocks of a kind, with the page that each is from."""
    return [(name, found) for name, text in TEXTS.items() for found in re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL)]


def shown(pattern: str) -> list[tuple[str, str]]:
    """What stands in backticks and matches, with its page."""
    spans = {(name, span) for name, text in NO_CODE.items() for span in re.findall(r"`([^`\n]+)`", text)}
    return sorted((name, span) for name, span in spans if re.fullmatch(pattern, span))


LINES = sorted({
    (name, line.partition("  #")[0].strip())
    for name, block in blocks("console") for line in block.replace("\\\n", " ").splitlines() if line.strip()
})  # fmt: skip
MENTIONED = shown(r"(sandbox-rl|make|pip install) [^A-Z]*")
"""Commands in a sentence, perhaps without what they need."""


def test_generated_pages_are_what_the_code_says() -> None:
    for name, page in runpy.run_path(str(ROOT / "docs" / "generate.py"))["pages"]().items():
        assert TEXTS[f"docs/{name}"] == page, f"docs/{name} is not what `make docs` writes"


@pytest.mark.parametrize(("page", "line", "whole"), [(*line, True) for line in LINES] + [(*line, False) for line in MENTIONED])
def test_a_command_that_is_shown_is_one(page: str, line: str, whole: bool) -> None:
    program, *arguments = shlex.split(line)
    if program == "sandbox-rl":
        parses(arguments, whole)
    elif program == "make":
        assert re.search(rf"^{arguments[0]}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
    elif program == "pip":
        extras = re.findall(r"\[(.*)\]", line)
        assert {extra for found in extras for extra in found.split(",")} <= set(PROJECT["optional-dependencies"])
    elif "sandbox_rl" in arguments:
        parses(arguments[arguments.index("sandbox_rl") + 1 :], whole)
    elif program == "python":
        assert (ROOT / arguments[0]).exists()
    else:
        assert line.startswith(("sudo runsc install", "PYTEST_ADDOPTS=")), f"{page} shows {line!r}, which nothing here checks"


def parses(arguments: list[str], whole: bool) -> None:
    """Every option and argument is one that the command takes; settings and configs are there, but for files of the reader's."""
    command, name = typer.main.get_command(app), "sandbox-rl"
    while groups := getattr(command, "commands", None):
        if not arguments or arguments[0] not in groups:
            assert name == "doctor" or (not whole and not arguments)
            return
        name, *arguments = arguments
        command = groups[name]
    found = command.make_context(name, list(arguments), resilient_parsing=not whole).params
    config = found.get("config") or "quickstart"
    load_config("quickstart" if config.endswith(".yaml") else config, list(found.get("settings") or []))


@pytest.mark.parametrize("page", TEXTS)
def test_links_lead_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", NO_CODE[page]):
        if target.startswith(("http://", "https://")):
            continue
        path, _, anchor = target.partition("#")
        file = (ROOT / page).parent / path if path else ROOT / page
        assert file.exists(), f"{page} links to {target}"
        assert not anchor or anchor in anchors(file.read_text()), f"{page} links to {target}"


def anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_is_found_from_the_index() -> None:
    linked = set(re.findall(r"\]\(([\w./-]+\.md)", TEXTS["docs/index.md"]))
    assert {page.name for page in (ROOT / "docs").glob("*.md")} - {"index.md"} <= linked
    for page in (ROOT / "docs" / "results").glob("*.md"):
        assert f"results/{page.name}" in TEXTS["docs/log.md"] + TEXTS["docs/compare.md"]


@pytest.mark.parametrize(("page", "name"), shown(r"sandbox_(rl|rewards|tasks)(\.\w+)+"))
def test_a_name_of_python_is_there(page: str, name: str) -> None:
    if importlib.metadata.entry_points(group=name):
        return
    first, *rest = name.split(".")
    found = import_module(first)
    for part in rest:
        with contextlib.suppress(ModuleNotFoundError):
            import_module(f"{found.__name__}.{part}") if hasattr(found, "__path__") else None
        found = getattr(found, part)


@pytest.mark.parametrize(("page", "name"), shown(r"(?:rewards|tasks|sandbox_rl|docs|tests|benchmarks)/[\w/.-]*"))
def test_a_file_that_is_named_is_there(page: str, name: str) -> None:
    assert (ROOT / name).exists()


@pytest.mark.parametrize(("page", "name"), shown(rf"({'|'.join(RunConfig.model_fields)})\.[a-z_]+(=.*|: .*)?"))
def test_a_setting_that_is_named_is_one(page: str, name: str) -> None:
    key = re.split("[=:]", name)[0]
    if key.endswith((".html", ".json", ".jsonl", ".md", ".yaml")):
        return
    told = RunConfig().model_dump(mode="json")
    section = reduce(lambda inner, part: inner[part], key.split(".")[:-1], told)
    assert section is None or key.split(".")[-1] in section


@pytest.mark.parametrize(("page", "block"), [(page, block) for page, block in blocks("json") if '"prompt"' in block])
def test_a_task_that_is_shown_is_one(page: str, block: str) -> None:
    Task.model_validate(json.loads(block))


@pytest.mark.parametrize(("page", "block"), [(page, block) for page, block in blocks("python") if "Grader" in block])
def test_an_example_prints_what_its_page_says(page: str, block: str) -> None:
    if all(probe(name) for name in ("docker", "namespaces", "landlock")):
        pytest.skip("no sandbox works here")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(block, page, "exec"), {"__name__": "__main__"})
    said = re.search(r"It prints (.*?)\.\s", TEXTS[page].partition(block)[2])
    assert said
    assert printed.getvalue().splitlines() == re.findall(r"`(.*?)`", said[1])


def test_the_grade_page_shows_what_the_command_writes(tmp_path: Path) -> None:
    task, answer, grade = [block for page, block in blocks("json") if page == "docs/grade.md"]
    (tmp_path / "tasks.jsonl").write_text(task)
    (tmp_path / "answers.jsonl").write_text(answer)
    line = next(line for page, line in LINES if page == "docs/grade.md" and " grade " in line)
    ran = subprocess.run([sys.executable, "-m", *line.replace("sandbox-rl", "sandbox_rl").split()], cwd=tmp_path, check=False)
    assert ran.returncode == 0
    found, wanted = json.loads((tmp_path / "grades.jsonl").read_text()), json.loads(grade)
    assert {**found, "seconds": 0} == {**wanted, "seconds": 0}
    assert list(found) == list(wanted)


def test_the_environment_of_the_page_holds_a_conversation() -> None:
    from sandbox_rewards.environment import Conversation

    page = {}
    block = next(block for page_, block in blocks("python") if "PoliteSeller" in block)
    exec(block, page)
    talk = Conversation(Task(id="t", prompt="", rewards=[{"source": "math", "answer": "1"}]), ("a",))
    after = Conversation(talk.task, ("a", "b"), ("Thanks. Anything else?",))
    assert page["PoliteSeller"]().replies([talk, after]) == ["Thanks. Anything else?", None]
    assert page["PoliteSeller"]().outcome(after) == "b"
