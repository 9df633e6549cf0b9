"""The long-running commands: `puyu serve` with its web page, and `puyu chat` in the terminal.

CannotServe   the port is taken, or another `puyu serve` uses the same DATA_DIR
"""

import asyncio
import fcntl
import logging
import signal
import socket
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from adapters.base import Adapter, Conversation, Exchange, Reply, Sender
from bot import app, health
from bot.app import Memory
from bot.assistant import Assistant
from bot.commands import Commands
from bot.conversations import conversation_key, group_settings
from bot.dispatch import Dispatcher
from bot.printed import report_page
from bot.progress import bar
from bot.replies import vote_buttons
from bot.settings import Course, Settings
from memory.base import MemoryUnavailable
from rag.types import IndexUnavailable

if TYPE_CHECKING:
    import uvicorn

    from rag.retriever import Retriever

_FOLLOW_SECONDS = 1.0

log = logging.getLogger(__name__)


class CannotServe(Exception):
    """Its text is one sentence for the operator."""


def chat(settings: Settings, course: Course) -> None:
    """Ask in this terminal until the end of input."""
    asyncio.run(_chat(settings, course, _searcher(settings, course)))


async def _chat(settings: Settings, course: Course, retriever: "Retriever") -> None:
    from adapters.terminal import TerminalAdapter

    async with app.open_memory(settings) as memory:
        terminal = TerminalAdapter(web_url=settings.web_url)
        async with _dispatching(settings, course, retriever, memory, {"terminal": terminal}) as dispatcher:
            await terminal.run(dispatcher.accept)


def serve(settings: Settings, course: Course) -> None:
    """Run the web page and every configured platform until SIGTERM or Ctrl-C."""
    with _only_one(settings), listening(settings) as listener:
        asyncio.run(_open_and_serve(settings, course, _searcher(settings, course), listener))


async def _open_and_serve(
    settings: Settings, course: Course, retriever: "Retriever", listener: socket.socket
) -> None:
    # From here on a signal ends all in good order, also one that comes while parts are still being opened.
    stop = asyncio.Event()
    _set_by_signals(stop)
    async with app.open_memory(settings) as memory:
        await _serve(settings, course, retriever, memory, listener, stop)


async def _serve(
    settings: Settings,
    course: Course,
    retriever: "Retriever",
    memory: Memory,
    listener: socket.socket,
    stop: asyncio.Event,
) -> None:
    import uvicorn

    from adapters.web import WebAdapter
    from bot import site

    async def recall(conversation: Conversation, sender: Sender) -> list[Exchange]:
        return await _recalled(course, memory, conversation, sender)

    password = settings.web_password.get_secret_value() or None
    web = WebAdapter(course.course.name, course.course.languages, recall, password)
    platforms: Mapping[str, Adapter] = {web.platform: web}
    pages = site.build(retriever, memory.ping, platforms, web.admits)
    web.mount(pages)
    server = uvicorn.Server(uvicorn.Config(pages, log_config=None, timeout_graceful_shutdown=5))
    async with _dispatching(settings, course, retriever, memory, platforms) as dispatcher:
        for problem in await health.problems(memory.ping, {}):
            log.warning("%s", problem)
        log.info("%s is open at %s", course.course.name, settings.web_url)
        working = [adapter.run(dispatcher.accept) for adapter in platforms.values()]
        await _run(server, listener, [*working, _follow_index(settings, retriever)], stop)


def _set_by_signals(stop: asyncio.Event) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)


async def _run(
    server: "uvicorn.Server",
    listener: socket.socket,
    work: Sequence[Coroutine[None, None, None]],
    stop: asyncio.Event,
) -> None:
    """Until `stop`, or until the server or a platform gives up; what it gave up with is raised."""
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    await asyncio.sleep(0)  # The server sets its own signal handlers in its first step.
    _set_by_signals(stop)
    tasks = [asyncio.create_task(one) for one in (*work, stop.wait())]
    try:
        ended, _ = await asyncio.wait([serving, *tasks], return_when=asyncio.FIRST_COMPLETED)
    finally:
        # Platforms first: they let go of the calls that the server would wait for.
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        server.should_exit = True
        await serving
    for task in ended:
        task.result()


@asynccontextmanager
async def _dispatching(
    settings: Settings,
    course: Course,
    retriever: "Retriever",
    memory: Memory,
    platforms: Mapping[str, Adapter],
) -> AsyncIterator[Dispatcher]:
    commands = Commands(course.course.name, memory.history, memory.votes)
    async with app.open_answers(settings, course, retriever) as answers:
        dispatcher = Dispatcher(Assistant(answers, memory.history, commands, course), platforms)
        # The first question need not wait for what is imported for it.
        warming = asyncio.create_task(answers.warm())
        try:
            yield dispatcher
        finally:
            await dispatcher.close()
            warming.cancel()
            await asyncio.gather(warming, return_exceptions=True)


async def _recalled(
    course: Course, memory: Memory, conversation: Conversation, sender: Sender
) -> list[Exchange]:
    key = conversation_key(conversation, sender, group_settings(course, conversation).memory)
    try:
        turns = await memory.history.load(key)
        votes = await memory.votes.by(sender.id, [turn.message_id for turn in turns])
    except MemoryUnavailable as error:
        log.warning("the conversation %s is not shown: %s", key, error)
        return []
    return [
        Exchange(
            turn.message_id,
            turn.question,
            Reply(
                conversation,
                turn.answer,
                sources=turn.sources,
                buttons=vote_buttons(turn.message_id),
                in_reply_to=turn.message_id,
                final=True,
            ),
            votes.get(turn.message_id, ""),
        )
        for turn in turns
    ]


def _searcher(settings: Settings, course: Course) -> "Retriever":
    """The search over the current index, which is built first where there is none."""
    try:
        return app.searcher(settings)
    except IndexUnavailable as error:
        log.info("%s: building it now", str(error).partition(";")[0])
    with bar() as progress:
        report = app.indexer(settings, course).refresh(force=True, progress=progress)
    for line in report_page(report).splitlines():
        log.info("%s", line)
    return app.searcher(settings)


async def _follow_index(settings: Settings, retriever: "Retriever") -> None:
    """Search the newest version soon after somebody has built it."""
    said = ""
    while True:
        await asyncio.sleep(_FOLLOW_SECONDS)
        try:
            await asyncio.to_thread(app.follow_index, settings, retriever)
            said = ""
        except IndexUnavailable as error:
            if str(error) != said:
                log.warning("the old index stays in use: %s", error)
            said = str(error)


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
