"""Every command line of LMDeploy that we print is one that it takes: no flag is made up."""

import argparse
import importlib
import re
import shlex
import warnings
from pathlib import Path

import pytest

from tests.e2e.lmdeploy.servers import needs_lmdeploy

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120), needs_lmdeploy]

ROOT = Path(__file__).parents[3]
PAGES = [ROOT / "README.md", *sorted((ROOT / "deploy").glob("*.*"))]


def commands(path: Path) -> list[str]:
    """The command lines on a page, each in one line, what is filled in replaced by its default."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".yaml":
        text = re.sub(r"\n {4}(?=-)", " ", text)
    text = re.sub(r"\$\{\w+:?[-?]([^}]*)\}", lambda found: found[1] or "''", text).replace("\\\n", " ")
    return re.findall(r"^\s*(lmdeploy (?:serve|lite) .+)$", text, re.MULTILINE)


LINES = [line for path in PAGES for line in commands(path)]


@pytest.fixture(scope="module")
def parser() -> argparse.ArgumentParser:
    with warnings.catch_warnings(action="ignore"):
        cli = importlib.import_module("lmdeploy.cli.cli").CLI
        cli.add_parsers()
        for module, name in (("serve", "SubCliServe"), ("lite", "SubCliLite")):
            getattr(importlib.import_module(f"lmdeploy.cli.{module}"), name).add_parsers()
    parser: argparse.ArgumentParser = cli.parser
    return parser


def test_there_are_such_lines() -> None:
    assert len(LINES) >= 6
    assert {"api_server", "proxy", "auto_awq"} <= {line.split()[2] for line in LINES}


@pytest.mark.parametrize("line", LINES)
def test_it_parses(parser: argparse.ArgumentParser, line: str) -> None:
    _, *arguments = shlex.split(line, comments=True)
    assert parser.parse_args([word for word in arguments if word])


@pytest.mark.parametrize("line", [line for line in LINES if "-parser" in line])
def test_its_parsers_are_registered(line: str) -> None:
    with warnings.catch_warnings(action="ignore"):
        parsers = importlib.import_module("lmdeploy.serve.parsers")
    asked = dict(re.findall(r"--(tool-call|reasoning)-parser (\S+)", line))
    parsers.validate_parser_names(asked.get("reasoning"), asked.get("tool-call"))


def test_the_parsers_that_the_page_names_are_registered() -> None:
    with warnings.catch_warnings(action="ignore"):
        known = importlib.import_module("lmdeploy.serve.parsers.tool_parser").ToolParserManager.module_dict
    assert {"internlm", "intern-s1", "qwen3"} <= set(known)


def test_every_flag_of_the_table_exists(parser: argparse.ArgumentParser) -> None:
    page = (ROOT / "deploy/README.md").read_text(encoding="utf-8")
    flags = re.findall(r"^\| `(--[\w-]+(?: [^`]+)?)`", page, re.MULTILINE)
    assert len(flags) > 10
    for flag in flags:
        arguments = shlex.split(f"serve api_server model {flag}")
        needs_value = flag == "--allowed-media-domains" or flag == "--max-concurrent-requests"
        assert parser.parse_args([*arguments, *(["1"] if needs_value else [])])
