"""The command line: `puyu serve | chat | ask | search | index | evaluate | doctor | forget`."""

import argparse
import sys
from pathlib import Path
from typing import NoReturn

_DASHED = 'what begins with a dash goes behind "--", or comes through "-", which reads stdin'


class _Parser(argparse.ArgumentParser):
    """Takes a question that begins with a dash for an option, and says how to ask it."""

    def error(self, message: str) -> NoReturn:
        # That one is missing, or one is unknown.
        super().error(f"{message} ({_DASHED})" if "arguments" in message else message)


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit status is 0, 1 (failed) or 2 (misused)."""
    options = _parser().parse_args(arguments)
    try:
        # Everything heavy is imported by the command that needs it, so that --help answers at once.
        from bot.cli import run

        return run(options)
    except KeyboardInterrupt:
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="puyu",
        description="Puyu TA (浦语助教): a teaching assistant that answers from the course's documents.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("serve", help="run the web chat and every configured platform")
    commands.add_parser("chat", help="ask in this terminal")
    _add_ask(commands.add_parser("ask", help="answer one question"))
    _add_search(commands.add_parser("search", help="show what is found for a question"))
    _add_index(commands.add_parser("index", help="bring the index up to date with the course's documents"))
    evaluate = commands.add_parser("evaluate", help="measure retrieval and relevance on labelled questions")
    evaluate.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="JSON lines of labelled questions"
    )
    _add_json(evaluate)
    _add_json(commands.add_parser("doctor", help="check settings, sources, index, memory, model and port"))
    _add_forget(commands.add_parser("forget", help="erase everything that is held of a person"))
    return parser


def _add_ask(ask: argparse.ArgumentParser) -> None:
    ask.add_argument("question", help=_DASHED)
    ask.add_argument("--conversation", metavar="KEY", help="remember under this key: letters, digits and :_-")
    _add_cohort(ask)
    _add_json(ask)


def _add_search(search: argparse.ArgumentParser) -> None:
    search.add_argument("query", nargs="?", help=_DASHED)
    search.add_argument(
        "--file", type=Path, metavar="F.jsonl", help='one {"query": …} a line; prints one object a line'
    )
    search.add_argument("--k", type=_positive, default=10, metavar="N", help="how many hits (10)")
    _add_cohort(search)
    _add_json(search)


def _add_index(index: argparse.ArgumentParser) -> None:
    index.description = (
        "Reads what changed in the course's sources and writes a new version of the index, which a running "
        "`serve` picks up within seconds. A version that answers the golden questions worse is refused."
    )
    instead = index.add_mutually_exclusive_group()
    for option, what in (
        ("--force", "read and embed everything anew, and take the new version though it is refused"),
        ("--last", "show what the last run did, and run nothing"),
        ("--versions", "list the versions that are kept"),
        (
            "--rollback",
            "go back to the version before; scheduled runs pause until `puyu index` is run by hand",
        ),
    ):
        instead.add_argument(option, action="store_true", help=what)
    instead.add_argument(
        "--only",
        action="append",
        metavar="SOURCE",
        help="look at this source alone, by its name; may be repeated",
    )
    index.add_argument("--progress", action="store_true", help="print on stderr how far it has come")
    _add_json(index)


def _add_forget(forget: argparse.ArgumentParser) -> None:
    forget.add_argument("user", metavar="USER", help="a person's id: telegram:42, feishu:ou_x, web:NAME")
    forget.add_argument("--yes", action="store_true", help="do not ask back")
    _add_json(forget)


def _add_cohort(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cohort", metavar="C", help="prefer what is of this cohort (that of course.toml)")


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")


def _positive(text: str) -> int:
    if not text.isdecimal() or len(text) > 9 or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 up")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
