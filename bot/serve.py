"""The long-running commands: `puyu serve` with its web page, and `puyu chat` in the terminal.

CannotServe   the port is taken, or another `puyu serve` uses the same DATA_DIR
"""

import asyncio
import fcntl
import logging
import signal
import socket
import time
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from adapters.base import Adapter
from bot import app, health, knowledge, platforms, schedule, service
from bot.app import Memory
from bot.course import Course
from bot.course_file import CourseFile
from bot.dispatch import Dispatcher
from bot.printed import report_page
from bot.reindex import RunFailed, reindex
from bot.settings import BadSetting, Settings
from bot.staff_side import Premises
from bot.worker import Worker
from memory.staff import RuleBook
from rag import versions
from rag.types import IndexUnavailable

if TYPE_CHECKING:
    import uvicorn

    from rag.retriever import Retriever

_FOLLOW_SECONDS = 1.0
_SWALLOWED = 0.2  # seconds after which a cancellation that went unheard is repeated
_DRAIN_SECONDS = 4.0  # for answers under way when it is stopped; others give theirs back by 10

log = logging.getLogger(__name__)


class CannotServe(Exception):
    """Its text is one sentence for the operator."""


def chat(settings: Settings, course: Course) -> None:
    """Ask in this terminal until the end of input."""
    asyncio.run(_chat(settings, course, _searcher(settings)))


async def _chat(settings: Settings, course: Course, retriever: "Retriever") -> None:
    from adapters.terminal import TerminalAdapter

    async with app.open_memory(settings) as memory:
        terminal = TerminalAdapter(web_url=settings.web_url)
        adapters: dict[str, Adapter] = {terminal.platform: terminal}
        there = Premises(settings, course, retriever, memory, adapters, time.time())
        async with service.assisting(there) as assisting:
            dispatcher = Dispatcher(assisting.assistant, memory.history, adapters, assisting.besides)
            try:
                await terminal.run(dispatcher.accept)
            finally:
                await dispatcher.close()


def serve(settings: Settings, course: Course) -> None:
    """Run the web page and every configured platform until SIGTERM or Ctrl-C."""
    with _only_one(settings), listening(settings) as listener:
        asyncio.run(_open_and_serve(settings, course, _searcher(settings), listener))


async def _open_and_serve(
    settings: Settings, course: Course, retriever: "Retriever", listener: socket.socket
) -> None:
    # From here on a signal ends all in good order, also one that comes while parts are still being opened.
    stop = asyncio.Event()
    _set_by_signals(stop)
    async with app.open_memory(settings) as memory:
        read, started = (await memory.rules.rules()).reload, time.time()
        while not stop.is_set():
            # The server closes what it has listened on.
            await _serve(settings, course, retriever, memory, listener.dup(), stop, read, started)
            if (mark := (await memory.rules.rules()).reload) != read:
                course, read = _read_again(settings, course), mark


async def _until_reload(book: RuleBook, read: str) -> None:
    """Return when the staff wants course.toml to be read again."""
    while (await book.rules()).reload == read:  # noqa: ASYNC110  (another process may have set it)
        await asyncio.sleep(_FOLLOW_SECONDS)


def _read_again(settings: Settings, course: Course) -> Course:
    try:
        read = CourseFile(settings).load()
    except BadSetting as error:
        log.error("what was read before stays in use: %s", error)
        return course
    log.info("%s is read again", settings.course_file)
    return read


async def _serve(
    settings: Settings,
    course: Course,
    retriever: "Retriever",
    memory: Memory,
    listener: socket.socket,
    stop: asyncio.Event,
    read: str,
    started: float,
) -> None:
    """Until `stop`, or until course.toml is to be read again: it is `read` as of this mark."""
    import uvicorn

    from bot import site

    web = platforms.web(settings, course, memory)
    adapters: dict[str, Adapter] = {web.platform: web}
    pages = site.build(retriever, memory.ping, adapters, web.admits)
    if settings.telegram_bot_token.get_secret_value():
        telegram = platforms.telegram(settings, course, memory)
        telegram.mount(pages)
        adapters[telegram.platform] = telegram
    if settings.feishu_app_id:
        feishu = platforms.feishu(settings)
        feishu.mount(pages)
        adapters[feishu.platform] = feishu
    web.mount(pages)
    server = uvicorn.Server(uvicorn.Config(pages, log_config=None, timeout_graceful_shutdown=2))
    there = Premises(settings, course, retriever, memory, adapters, started)
    async with service.opened(there) as serving:
        for problem in await health.problems(memory.ping, {}):
            log.warning("%s", problem)
        log.info("%s is open at %s", course.course.name, settings.web_url)
        working = [adapter.run(serving.intake.accept) for adapter in adapters.values()]
        working += [serving.worker.run(), *serving.beside]
        working += [_follow_index(settings, retriever), _reindex(settings, course, memory)]
        working += [_until_reload(memory.rules, read)]
        await _run(server, listener, working, stop, serving.worker)


def _set_by_signals(stop: asyncio.Event) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)


async def _run(
    server: "uvicorn.Server",
    listener: socket.socket,
    work: Sequence[Coroutine[None, None, None]],
    stop: asyncio.Event,
    worker: Worker,
) -> None:
    """Until `stop`, or until the server or a platform gives up; what it gave up with is raised."""
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    await asyncio.sleep(0)  # The server sets its own signal handlers in its first step.
    _set_by_signals(stop)
    tasks = [asyncio.create_task(one) for one in (*work, stop.wait())]
    try:
        ended, _ = await asyncio.wait([serving, *tasks], return_when=asyncio.FIRST_COMPLETED)
    finally:
        # Answers first, while the platforms can still show them; these then let go of the calls that the
        # server would wait for. What comes in meanwhile is safe in the inbox.
        await worker.drain(_DRAIN_SECONDS)
        await _cancelled(tasks)
        server.should_exit = True
        await serving
    for task in ended:
        task.result()


async def _cancelled(tasks: Sequence[asyncio.Task[Any]]) -> None:
    """Return when all have ended."""
    while pending := [task for task in tasks if not task.done()]:
        # Up to Python 3.11 wait_for, which redis-py sends under, may swallow a cancellation.
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=_SWALLOWED)


def _searcher(settings: Settings) -> "Retriever":
    """The search over the current index, which is built first where there is none."""
    try:
        return knowledge.searcher(settings)
    except IndexUnavailable as error:
        log.info("%s: building it now", str(error).partition(";")[0])
    try:
        report = asyncio.run(reindex())
    except RunFailed as error:
        raise CannotServe(str(error)) from error
    for line in report_page(report).splitlines():
        log.info("%s", line)
    return knowledge.searcher(settings)


async def _follow_index(settings: Settings, retriever: "Retriever") -> None:
    """Search the newest version soon after somebody has built it."""
    said = ""
    while True:
        await asyncio.sleep(_FOLLOW_SECONDS)
        try:
            await asyncio.to_thread(knowledge.follow_index, settings, retriever)
            said = ""
        except IndexUnavailable as error:
            if str(error) != said:
                log.warning("the old index stays in use: %s", error)
            said = str(error)


async def _reindex(settings: Settings, course: Course, memory: Memory) -> None:
    """Bring the index up to date as often as the course asks for; forever, also where it never does."""
    if not course.schedule.reindex:
        await asyncio.Event().wait()
    trigger = schedule.cron(course.schedule.reindex, course.schedule.timezone)
    folder = knowledge.index_folder(settings)
    run = partial(reindex, aside=True)
    job = schedule.Reindexing(trigger, folder, memory.slots, run, partial(versions.held, folder))
    await schedule.whenever(schedule.jittered(trigger), job.once)


@contextmanager
def _only_one(settings: Settings) -> Iterator[None]:
    """Hold DATA_DIR for this `puyu serve`; the lock goes with the process, however it ends."""
    path = settings.data_dir / "serve.lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.open("a+")
    except OSError as error:
        raise CannotServe(f"DATA_DIR {settings.data_dir} cannot be written ({error.strerror}).") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CannotServe(
                f"another `puyu serve` runs on DATA_DIR {settings.data_dir}; stop it or set another one."
            ) from error
        yield


@contextmanager
def listening(settings: Settings) -> Iterator[socket.socket]:
    """The web page's socket, taken before anything slow begins, so that a taken port is told at once."""
    family = socket.AF_INET6 if ":" in settings.web_host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.web_host, settings.web_port))
            listener.listen(128)
        except (OSError, UnicodeError) as error:
            raise CannotServe(
                f"WEB_HOST {settings.web_host}, WEB_PORT {settings.web_port} cannot be listened on"
                f" ({getattr(error, 'strerror', error)}); set an address of this machine and a free port."
            ) from error
        yield listener
