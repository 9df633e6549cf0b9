"""The house keeps its rules: who may import what, how large things may grow, what must be written down."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.command import Told
from bot.command_table import every
from bot.settings import setting_names

ROOT = Path(__file__).parent.parent
PACKAGES = ("bot", "adapters", "memory", "rag")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))

MAY_IMPORT = {"bot": {"bot", "adapters", "memory", "rag"}} | {leaf: {leaf} for leaf in PACKAGES[1:]}
ONLY_IN = {
    "gradio": {"adapters/web.py", "bot/console.py"},
    "lark_oapi": {"adapters/feishu"},
    "telegram": {"adapters/telegram"},
    "redis": {"memory/", "bot/app.py"},
    "faiss": {"rag/index.py"},
    "sentence_transformers": {"rag/embedder.py"},
    "langchain_openai": {"rag/llm.py", "rag/model_server.py", "rag/agent.py"},
    "openai": {"rag/llm.py", "rag/model_server.py", "rag/faults.py"},
    "langchain": {"rag/agent.py"},
    # Messages go from the prompt to the server and are counted on their way.
    "langchain_core": {
        *(f"rag/{name}.py" for name in ("prompts", "wording", "llm", "model_server", "budget")),
        *(f"rag/{name}.py" for name in ("summary", "pictures", "tools", "agent")),
    },
    "apscheduler": {"bot/schedule.py"},
    "pydantic_settings": {"bot/settings.py"},
    "dotenv": {"bot/settings.py"},
    "tomllib": {"bot/settings.py"},
}


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name(path)}: imports are absolute"
            yield node.module or ""


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    yield from (n for n in ast.walk(parse(path)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_leaves_know_neither_the_bot_nor_one_another(path: Path) -> None:
    ours = {module.partition(".")[0] for module in imports(path)} & set(PACKAGES)
    assert ours <= MAY_IMPORT[path.relative_to(ROOT).parts[0]]


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_outside_things_are_imported_in_one_place(path: Path) -> None:
    for module in imports(path):
        places = ONLY_IN.get(module.partition(".")[0])
        assert places is None or name(path).startswith(tuple(places)), f"{module} belongs in {places}"


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_files_and_functions_stay_small(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300
    long = [f.name for f in functions(path) if (f.end_lineno or 0) - f.lineno + 1 > 40]
    assert not long


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_every_file_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(parse(path))


def test_only_the_settings_read_the_environment() -> None:
    readers = [
        name(path) for path in SOURCES if "os.environ" in path.read_text() or "getenv" in path.read_text()
    ]
    assert set(readers) <= {"bot/settings.py"}


def test_the_command_line_loads_what_is_heavy_only_when_it_is_needed() -> None:
    heavy = {
        "faiss",
        "fastapi",
        "gradio",
        "langchain_core",
        "lark_oapi",
        "numpy",
        "openai",
        "torch",
        "transformers",
    }
    code = f"import sys, bot.cli; print(*({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_one_broad_except_in_the_house() -> None:
    broad = [
        name(path)
        for path in SOURCES
        for node in ast.walk(parse(path))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or getattr(node.type, "id", "") in ("Exception", "BaseException"))
    ]
    assert broad == ["bot/assistant.py"]


def test_every_setting_stands_in_the_example_with_a_comment() -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    for setting in setting_names():
        at = [i for i, line in enumerate(lines) if line.removeprefix("# ").startswith(f"{setting}=")]
        assert len(at) == 1, f"{setting} does not stand in .env.example once"
        assert lines[at[0] - 1].startswith("# "), f"{setting} has no comment line above it"


def test_the_example_names_no_setting_that_does_not_exist() -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    written = {line.partition("=")[0] for line in lines if "=" in line and not line.startswith("#")}
    assert written == set(setting_names())


@pytest.mark.parametrize("command", every(), ids=lambda one: one.name)
def test_every_command_has_a_chinese_name_and_a_help_line_in_both_languages(command: Told) -> None:
    assert re.fullmatch(r"[a-z]{2,32}", command.name)
    assert re.fullmatch(r"[\u4e00-\u9fff]+", command.chinese)
    chinese, english = command.does("zh"), command.does("en")
    assert re.search(r"[\u4e00-\u9fff]", chinese)
    assert english.isascii()
    assert chinese in command.help_line("zh")
    assert english in command.help_line("en")


def test_no_two_commands_have_the_same_name() -> None:
    names = [name for command in every() for name in (command.name, command.chinese)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("path", TESTS, ids=name)
def test_tests_use_real_parts(path: Path) -> None:
    used = {node.id for node in ast.walk(parse(path)) if isinstance(node, ast.Name)}
    used |= {node.attr for node in ast.walk(parse(path)) if isinstance(node, ast.Attribute)}
    assert not used & {"Mock", "MagicMock", "AsyncMock", "patch"}
    if "fakes" not in path.parts and "benchmarks" not in path.parts:
        assert "sleep" not in used
