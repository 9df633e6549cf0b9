"""What is read off pictures, by a model that sees and without one."""

import asyncio
import base64
import os
import signal
import struct
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path

import pytest
import pytest_asyncio
from PIL import Image

from adapters.base import Image as Picture
from rag.llm import LanguageModel
from rag.picture_process import PictureProcess, Refused, Task
from rag.pictures import CHARACTERS, PICTURE_BYTES, PICTURES, PictureReader, PictureUnreadable
from tests.fakes.pictures import TRACEBACK, picture, screenshot
from tests.fakes.vision_server import VisionServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

RED = Image.new("RGB", (90, 30), "red")
PAGE = "\n".join(["the same long line of words over and over again " * 2] * 50)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def reader() -> AsyncIterator[PictureReader]:
    made = PictureReader()
    yield made
    await made.close()


@asynccontextmanager
async def seeing(server: VisionServer, seconds: float = 5) -> AsyncIterator[PictureReader]:
    """A reader with this server's model."""
    model = LanguageModel([server.url], "vision", "", first_token_timeout=5, idle_timeout=5)
    made = PictureReader(model, seconds)
    yield made
    await made.close()
    await model.close()


async def test_an_error_message_is_read_with_its_lines_and_their_indentation(reader: PictureReader) -> None:
    read = await reader.read([picture(screenshot())])
    assert read == TRACEBACK


async def test_several_pictures_are_read_one_after_the_other(reader: PictureReader) -> None:
    pictures = [picture(screenshot(word, (320, 60)), "JPEG") for word in ("CUDA error", "OutOfMemory")]
    assert await reader.read(pictures) == "CUDA error\n\nOutOfMemory"


async def test_a_picture_without_text_gives_nothing(reader: PictureReader) -> None:
    assert await reader.read([picture(RED)]) == ""


async def test_a_single_line_cut_out_tightly_is_read(reader: PictureReader) -> None:
    line = screenshot("CUDA out of memory").crop((10, 8, 240, 34))
    assert await reader.read([picture(line)]) == "CUDA out of memory"


async def test_what_is_no_picture_is_refused_whatever_it_says_it_is(reader: PictureReader) -> None:
    tiff = picture(RED, "TIFF").data
    for data in (b"", b"text", b"%PDF-1.7", b"<svg xmlns='http://www.w3.org/2000/svg'/>", tiff):
        with pytest.raises(PictureUnreadable) as raised:
            await reader.read([Picture("image/png", data)])
        assert raised.value.reason == "type"


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is this large."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 100)), (b"IEND", b""))
    written = (struct.pack(">I", len(d)) + t + d + struct.pack(">I", zlib.crc32(t + d)) for t, d in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(written)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (bomb(8000, 8000), "size"),
        (bomb(60_000, 60_000), "size"),
        (bomb(500, 500), "damaged"),
        (picture(screenshot(), "JPEG").data[:2000], "damaged"),
        (b"x" * (PICTURE_BYTES + 1), "size"),
    ],
)
async def test_bombs_and_broken_files_are_refused(data: bytes, reason: str, reader: PictureReader) -> None:
    with pytest.raises(PictureUnreadable) as raised:
        await reader.read([Picture("image/png", data)])
    assert raised.value.reason == reason


async def test_too_many_pictures_are_refused(reader: PictureReader) -> None:
    with pytest.raises(PictureUnreadable) as raised:
        await reader.read([picture(RED)] * (PICTURES + 1))
    assert raised.value.reason == "number"


async def test_who_takes_a_question_back_leaves_no_answer_to_the_next_one() -> None:
    process = PictureProcess()
    taken_back = asyncio.create_task(process.ask("url", picture(RED.resize((5000, 5000))).data))
    await asyncio.wait({taken_back}, timeout=0.3)
    taken_back.cancel()
    assert seen_in(await process.ask("url", picture(RED).data)).size == RED.size
    await process.close()


def seen_in(url: str) -> Image.Image:
    kind, _, data = url.partition(";base64,")
    image = Image.open(BytesIO(base64.b64decode(data)))
    assert kind == f"data:image/{str(image.format).lower()}"
    return image


@pytest.mark.parametrize(
    ("process", "task", "data", "reason"),
    [
        (PictureProcess(memory=250_000_000), "url", picture(RED.resize((7000, 7000))).data, "damaged"),
        (PictureProcess(seconds=1), "text", picture(screenshot(PAGE, (1600, 1600))).data, "slow"),
    ],
    ids=["memory", "time"],
)
async def test_a_picture_that_takes_too_much_costs_only_itself(
    process: PictureProcess, task: Task, data: bytes, reason: str
) -> None:
    with pytest.raises(Refused, match=reason):
        await process.ask(task, data)
    assert seen_in(await process.ask("url", picture(RED).data)).size == RED.size
    await process.close()


async def test_after_a_rest_the_next_picture_is_worked_on_all_the_same() -> None:
    process = PictureProcess(idle_seconds=0)
    for _ in range(2):
        assert seen_in(await process.ask("url", picture(RED).data)).size == RED.size
    await process.close()


async def test_a_child_killed_while_it_rests_costs_no_picture() -> None:
    process, others = PictureProcess(), children()
    for _ in range(2):
        assert seen_in(await process.ask("url", picture(RED).data)).size == RED.size
        for child in children() - others:
            os.kill(child, signal.SIGKILL)
    await process.close()


def children() -> set[int]:
    return {
        int(child) for of in Path("/proc/self/task").glob("*/children") for child in of.read_text().split()
    }


async def test_a_model_that_sees_gets_a_small_copy_and_its_words_are_taken() -> None:
    with VisionServer("CUDA out of memory\nA terminal.") as server:
        async with seeing(server) as reader:
            large = picture(Image.effect_noise((2400, 1600), 40).convert("RGB"), "JPEG")
            assert await reader.read([large]) == "CUDA out of memory\nA terminal."
    text, image = server.asked[0]["messages"][-1]["content"]
    assert "exactly" in text["text"]
    seen, size = seen_in(image["image_url"]["url"]), len(image["image_url"]["url"])
    assert seen.width * seen.height <= 2_600_000
    assert size < 1_000_000


async def test_however_much_a_model_sees_is_kept_short() -> None:
    with VisionServer("x" * 3 * CHARACTERS) as server:
        async with seeing(server) as reader:
            assert len(await reader.read([picture(RED)] * 2)) <= CHARACTERS + 2


async def test_with_a_model_that_is_blind_the_text_is_read_all_the_same() -> None:
    with VisionServer() as server:
        async with seeing(server) as reader:
            assert await reader.read([picture(screenshot())] * 2) == f"{TRACEBACK}\n\n{TRACEBACK}"
    assert len(server.asked) == 1


async def test_a_model_that_hangs_is_waited_for_once_a_message() -> None:
    with VisionServer(hangs=True) as server:
        async with seeing(server, seconds=0.5) as reader:
            read = reader.read([picture(screenshot(word, (320, 60))) for word in ("CUDA", "Memory")])
            async with asyncio.timeout(8):
                assert await read == "CUDA\n\nMemory"
    assert len(server.asked) == 1
