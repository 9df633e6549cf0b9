"""What each command does: answers and figures on stdout, everything else on stderr."""

import argparse
import asyncio
import logging
import os
import re
import sys
import time
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import asdict
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from uuid import uuid4

from adapters.base import AdapterError
from bot import app, doctor, erasing, knowledge, printed, query_file
from bot.assistant import clean, refusal
from bot.checks import healthy
from bot.course import APPROVED, Course, named_sources
from bot.keeping import facts_of, turn
from bot.phrases import phrases
from bot.progress import bar, lines
from bot.replies import answer_text, language_of
from bot.serve import CannotServe, chat, serve
from bot.settings import BadSetting, Settings, check_together, load_course, load_settings
from memory.base import MemoryFailure, MemoryUnavailable, Remembered, Turn
from rag import versions
from rag.followup import followed
from rag.types import Answer, Past, RagError, SourceUnavailable

log = logging.getLogger(__name__)

FAILED, MISUSED = 1, 2

Command = Callable[[argparse.Namespace, Settings, Course], None]


class Misused(Exception):
    """The command was called wrongly; its text is one sentence."""


class Failed(Exception):
    """The command ran and found that something is not as it should be, and has said so already."""


def run(options: argparse.Namespace) -> int:
    """Run the command; what goes wrong becomes one sentence on stderr and the exit status."""
    _open_streams()
    _log_to_stderr()
    try:
        settings = load_settings()
        course = load_course(settings.course_file, settings.data_dir)
        check_together(settings, course)
        _COMMANDS[options.command](options, settings, course)
        sys.stdout.flush()
    except (BadSetting, Misused) as error:
        return _complain(error, MISUSED)
    except (RagError, MemoryFailure, AdapterError, CannotServe) as error:
        return _complain(error, FAILED)
    except Failed:
        return FAILED
    except OSError as error:
        # What is still to be printed is not tried once more at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        # `puyu search … | head` has read enough; a full disk and the like have failed.
        return 0 if isinstance(error, BrokenPipeError) else _complain(error, FAILED)
    return 0


def _complain(error: Exception, status: int) -> int:
    print("puyu:", " ".join(str(error).splitlines()), file=sys.stderr)
    return status


def _open_streams() -> None:
    """UTF-8 whatever the terminal says of itself, as JSON is; a closed stream is empty and takes everything.

    Half a surrogate pair is printed as its escape, which is what JSON has for it.
    """
    for name, mode, errors in (
        ("stdin", "r", "surrogateescape"),
        ("stdout", "w", "backslashreplace"),
        ("stderr", "w", "backslashreplace"),
    ):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode))  # noqa: SIM115  it stays open
        if isinstance(stream := getattr(sys, name), TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors=errors)


def _log_to_stderr() -> None:
    logging.basicConfig(stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    for ours in ("bot", "adapters", "memory", "rag"):
        logging.getLogger(ours).setLevel(logging.INFO)


def _search(options: argparse.Namespace, settings: Settings, course: Course) -> None:
    if (options.query is None) == (options.file is None):
        raise Misused("search takes either a query or --file F.jsonl.")
    web, cohort = settings.web_url, _cohort(options, course)
    if options.file is None:
        found = knowledge.searcher(settings).search(_question(options.query, course), options.k, cohort)
        print(printed.json_line(printed.found(found, web)) if options.json else printed.found_page(found))
        return
    queries = query_file.read(options.file)
    searcher = knowledge.searcher(settings)
    for query, earlier in queries:
        asked = followed(query, earlier or ())
        found = searcher.search(asked.text, options.k, cohort, asked)
        print(printed.json_line(printed.found(found, web, query if earlier is not None else None)))


def _ask(options: argparse.Namespace, settings: Settings, course: Course) -> None:
    if options.conversation is not None and not re.fullmatch(r"[A-Za-z0-9:_-]+", options.conversation):
        raise Misused(f"--conversation {options.conversation!r}: only letters, digits and :_- may be in it.")
    question = _question(options.question, course)
    language = language_of(question, course.course.languages)
    answer = asyncio.run(_answered(question, options, settings, course, language))
    text = answer_text(answer, language)
    if options.json:
        print(printed.json_line(printed.answer(question, text, answer, settings.web_url)))
    else:
        print(printed.answer_page(text, answer, settings.web_url))


async def _answered(
    question: str, options: argparse.Namespace, settings: Settings, course: Course, language: str
) -> Answer:
    cohort = _cohort(options, course)
    async with AsyncExitStack() as stack:
        searcher = knowledge.searcher(settings)
        answers = await stack.enter_async_context(app.open_answers(settings, course, searcher))
        if options.conversation is None:
            return await _said_on_the_way(answers.chain.stream(question, cohort=cohort), language)
        memory = await stack.enter_async_context(app.open_memory(settings))
        key, asked_at = f"cli:{options.conversation}", time.time()
        known = await memory.history.load(key, key)
        past = Past(known.turns, known.summary, known.facts, partial(_own, memory, key, known))
        answer = await _said_on_the_way(answers.chain.stream(question, past, cohort), language)
        now = turn(f"cli:{uuid4()}", question, asked_at, answer_text(answer, language), answer, key)
        try:
            await memory.history.append(key, now, facts_of(now), known.epoch)
        except MemoryUnavailable as error:
            log.warning("this answer is not remembered: %s", error)
    return answer


async def _said_on_the_way(answers: AsyncGenerator[Answer, None], language: str) -> Answer:
    """The final answer; whoever waits for the model is told so once."""
    told = False
    async with aclosing(answers):
        async for answer in answers:
            if answer.notice == "waiting" and not told:
                told = True
                print(phrases(language).waiting, file=sys.stderr, flush=True)
    return answer


async def _own(memory: app.Memory, key: str, known: Remembered) -> Sequence[Turn]:
    return [*await memory.history.older(key), *known.turns]


def _index(options: argparse.Namespace, settings: Settings, course: Course) -> None:
    if options.versions:
        _versions(options, settings, course)
    elif options.rollback:
        _rollback(options, settings)
    elif options.last:
        _last(options, settings, course)
    else:
        _refresh(options, settings, course)


def _refresh(options: argparse.Namespace, settings: Settings, course: Course) -> None:
    try:
        with (
            knowledge.open_indexer(settings, course) as indexer,
            lines() if options.progress else bar() as progress,
        ):
            report = indexer.refresh(options.force, progress, _sources(options, course))
    except SourceUnavailable:
        if options.json and not options.only:  # a script learns of each source what is wrong with it
            _last(options, settings, course)
        raise
    print(printed.json_line(report.to_json()) if options.json else printed.report_page(report))
    if report.refused or report.failed:
        raise Failed


def _sources(options: argparse.Namespace, course: Course) -> Collection[str] | None:
    names = {APPROVED, *(name for name, _ in named_sources(course))}
    if unknown := set(options.only or ()) - names:
        raise Misused(f"--only {min(unknown)!r}: the course's sources are {', '.join(sorted(names))}.")
    return options.only and set(options.only)


def _last(options: argparse.Namespace, settings: Settings, course: Course) -> None:
    from rag.indexer import last_report

    report = last_report(knowledge.index_folder(settings))
    if report is None:
        raise RagError("no index run has ended yet; run `puyu index`")
    if options.json:
        print(printed.json_line(report.to_json()))
    else:
        print(printed.last_page(report, course.schedule.timezone))


def _versions(options: argparse.Namespace, settings: Settings, course: Course) -> None:
    folder = knowledge.index_folder(settings)
    stored, held = versions.versions(folder), versions.held(folder)
    if options.json:
        listed = [asdict(one) | {"built": one.built.isoformat(timespec="seconds")} for one in stored]
        print(printed.json_line({"versions": listed, "held": held}))
    else:
        print(printed.versions_page(stored, held, course.schedule.timezone))


def _rollback(options: argparse.Namespace, settings: Settings) -> None:
    folder = knowledge.index_folder(settings)
    before = versions.current(folder)
    now = versions.rollback(folder)
    print(printed.json_line({"from": before, "to": now}) if options.json else printed.back_page(before, now))


def _evaluate(options: argparse.Namespace, settings: Settings, _course: Course) -> None:
    from rag.evaluation import evaluate

    searcher = knowledge.searcher(settings)
    with bar() as progress:
        result = evaluate(searcher, options.files, progress)
    print(printed.json_line(result.to_json()) if options.json else printed.evaluation_page(result))


def _doctor(options: argparse.Namespace, settings: Settings, course: Course) -> None:
    checks = asyncio.run(doctor.examine(settings, course))
    report = {"ok": healthy(checks), "checks": [asdict(check) for check in checks]}
    print(printed.json_line(report) if options.json else "\n".join(check.line() for check in checks))
    if not healthy(checks):
        raise Failed


def _forget(options: argparse.Namespace, settings: Settings, _course: Course) -> None:
    user = options.user
    if not erasing.is_person(user):
        raise Misused(f"{user!r} is nobody's id; one reads as telegram:42, feishu:ou_x or web:NAME.")
    if not (options.yes or erasing.confirmed(user)):
        print("nothing was erased", file=sys.stderr)
        raise Failed
    receipt = erasing.erased(settings, user)
    print(printed.json_line(erasing.fields(user, receipt)) if options.json else erasing.page(user, receipt))


def _serve(_options: argparse.Namespace, settings: Settings, course: Course) -> None:
    serve(settings, course)


def _chat(_options: argparse.Namespace, settings: Settings, course: Course) -> None:
    chat(settings, course)


_COMMANDS: dict[str, Command] = {
    "serve": _serve,
    "chat": _chat,
    "ask": _ask,
    "search": _search,
    "index": _index,
    "evaluate": _evaluate,
    "doctor": _doctor,
    "forget": _forget,
}


def _question(text: str, course: Course) -> str:
    """The text as a question; "-" reads it from stdin, for what a command line cannot hold."""
    question = clean(sys.stdin.read() if text == "-" else text)
    said = phrases(language_of(question, course.course.languages))
    if (sentence := refusal(question, said)) is not None:
        raise Misused(sentence)
    return question


def _cohort(options: argparse.Namespace, course: Course) -> str:
    return course.course.cohort if options.cohort is None else str(options.cohort)
