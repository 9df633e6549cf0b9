"""The terminal chat through a real pseudo-terminal, and through a pipe."""

import asyncio
import os
import pty
import signal
import subprocess
import sys
import termios
from collections.abc import AsyncIterator, Iterator
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from adapters.base import Conversation, Delivery, Enclosure, Reply
from adapters.terminal import TerminalAdapter

COMMAND = (sys.executable, "-m", "tests.fakes.terminal_bot")
ROOT = Path(__file__).parents[2]


class Terminal:
    """What a person types and sees."""

    def __init__(self, descriptor: int, program: "subprocess.Popen[bytes]") -> None:
        self._descriptor = descriptor
        self._program = program
        self._seen = b""

    def type(self, keys: str) -> None:
        os.write(self._descriptor, keys.encode())

    def until(self, text: str) -> None:
        """Look on until a text comes after what was looked at before; fails where the program ends first."""
        while text.encode() not in self._seen:
            self._seen += os.read(self._descriptor, 4096)
        self._seen = self._seen.split(text.encode(), 1)[1]

    def interrupt(self) -> None:
        """What a terminal does on Ctrl-C."""
        self._program.send_signal(signal.SIGINT)

    def status(self) -> int:
        """Wait for the end of the program."""
        return self._program.wait()


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(ours, (24, 80))
    environment = {**os.environ, "TERM": "xterm-256color"}
    with subprocess.Popen(COMMAND, cwd=ROOT, env=environment, stdin=theirs, stdout=theirs) as program:
        os.close(theirs)
        yield Terminal(ours, program)
        program.kill()
    os.close(ours)


async def piped(questions: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *COMMAND, cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate(questions.encode())
    assert process.returncode == 0
    return output.decode()


def test_an_answer_grows_and_its_sources_stand_below(terminal: Terminal) -> None:
    terminal.until("> ")
    terminal.type("怎么装\n")
    terminal.until("怎么装:")
    terminal.until("It is on page 3.")
    terminal.until("[1] Install › With pip")
    terminal.until("/read/install.md#pip")
    terminal.until("> ")


def test_a_buttons_label_presses_it(terminal: Terminal) -> None:
    terminal.type("q\n")
    terminal.until("👍 · 👎")
    terminal.type("👍\n")
    terminal.until("Noted: up")


def test_control_c_gives_the_answer_up_and_the_next_question_is_answered(terminal: Terminal) -> None:
    terminal.until("> ")
    terminal.type("hang\n")
    terminal.until("Let me see")
    terminal.interrupt()
    terminal.until("> ")
    terminal.type("next\n")
    terminal.until("It is on page 3.")


def test_a_question_that_is_not_accepted_is_told_and_the_next_one_is_answered(terminal: Terminal) -> None:
    terminal.until("> ")
    terminal.type("refuse\n")
    terminal.until("There is no room for it.")
    terminal.until("> ")
    terminal.type("next\n")
    terminal.until("It is on page 3.")


@pytest.mark.parametrize("keys", ["\x04", "exit\n"])
def test_control_d_and_exit_leave(terminal: Terminal, keys: str) -> None:
    terminal.until("> ")
    terminal.type(keys)
    assert terminal.status() == 0


def test_control_c_at_the_prompt_leaves(terminal: Terminal) -> None:
    terminal.until("> ")
    terminal.interrupt()
    assert terminal.status() == 0


async def test_a_pipe_gets_only_the_final_texts_in_order() -> None:
    output = await piped("one\n\ntwo")
    assert output.count("use **pip**") == 2
    assert output.index("one: use") < output.index("two: use")
    assert "> " not in output
    assert "👍" not in output


async def test_an_answer_cannot_steer_the_terminal() -> None:
    assert "\x1b" not in await piped("q\n")


async def test_a_file_is_kept_where_it_can_be_opened() -> None:
    screen, place = StringIO(), Conversation("terminal", "local")
    table = Enclosure("../统计.csv", "text/csv", b"day,questions\n")

    async def replies() -> AsyncIterator[Reply]:
        yield Reply(place, "统计", enclosures=(table,), final=True)

    await TerminalAdapter(console=Console(file=screen)).show(replies(), Delivery("post:1"))
    text, told = screen.getvalue().splitlines()
    assert (text, *opened(told.removeprefix("📎 "))) == ("统计", "统计.csv", table.data)


def opened(path: str) -> tuple[str, bytes]:
    return Path(path).name, Path(path).read_bytes()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
def test_output_that_finds_no_room_is_told_and_the_next_question_is_tried() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            COMMAND, cwd=ROOT, input=b"one\ntwo\n", stdout=full, stderr=subprocess.PIPE, check=True
        )
    told = done.stderr.decode().splitlines()
    assert told == ["The terminal takes no more output: No space left on device."] * 2
