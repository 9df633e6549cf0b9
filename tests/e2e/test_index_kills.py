"""An index run dies at any moment, or the disk spoils a file: searches go on, and the next run heals it."""

import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from subprocess import DEVNULL

import pytest

from rag import index, versions
from rag.embedder import HashedEmbedder
from rag.retriever import Retriever
from rag.types import IndexUnavailable
from tests.e2e.command_line import CommandLine

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

KILLS = 30
QUESTIONS = ("怎么量化模型", "端口转发 ssh -CNg", "第 3 关 的作业", "lmdeploy serve 端口")
_TOPICS = ("量化", "端口转发", "微调", "评测", "作业", "显存", "环境配置", "RAG")


@pytest.fixture
def chance() -> random.Random:
    return random.Random(4)


def folder(puyu: CommandLine) -> Path:
    return puyu.folder / "data" / "index"


def write(puyu: CommandLine, number: int, chance: random.Random) -> None:
    parts = [
        f"## {chance.choice(_TOPICS)} {part}\n第 {number} 关：{''.join(chance.choices(_TOPICS, k=40))} "
        f"`lmdeploy serve --port {chance.randrange(65536)}`，ssh -CNg -L {chance.randrange(65536)}。\n"
        for part in range(8)
    ]
    puyu.write(f"docs/page{number:03}.md", f"# 第 {number} 关\n" + "\n".join(parts))


def edit(puyu: CommandLine, run: int, chance: random.Random) -> None:
    """A few pages are written anew, one comes, one goes."""
    for number in (*chance.sample(range(40), 3), 100 + run):
        write(puyu, number, chance)
    (puyu.folder / f"docs/page{40 + run:03}.md").unlink(missing_ok=True)


def kill(puyu: CommandLine, moment: float, begun: bool, *options: str) -> bool:
    """Run; kill -9 so many seconds after the start, or after it began to write; False if it ended first."""
    arguments = [sys.executable, "-m", "bot", "index", *options]
    with subprocess.Popen(
        arguments, cwd=puyu.folder, env={"PATH": os.defpath}, stdout=DEVNULL, stderr=DEVNULL
    ) as process:
        while begun and process.poll() is None and not any(folder(puyu).glob(".tmp-v*")):
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.002)
        with suppress(subprocess.TimeoutExpired):
            process.wait(moment)
        process.kill()
    return process.returncode == -signal.SIGKILL


def searched(index_folder: Path) -> Iterator[list[tuple[str, str]]]:
    """What is found, in an index of which every byte was read."""
    embedder = HashedEmbedder()
    searcher = Retriever(index.opened(index_folder, embedder.id, thorough=True), embedder)
    for question in QUESTIONS:
        yield [(hit.passage.id, hit.passage.text) for hit in searcher.search(question).hits]


def held(index_folder: Path) -> dict[str, list[str]]:
    """Every document with the texts of its passages."""
    opened = index.opened(index_folder, HashedEmbedder.id)
    return {id: [passage.text for passage in opened.document(id)] for id in opened.ids}


def test_thirty_kills_leave_an_index_that_answers(puyu: CommandLine, chance: random.Random) -> None:
    for number in range(70):
        write(puyu, number, chance)
    assert puyu("index").status == 0
    lasts = float(puyu("index", "--force", "--json").json["seconds"])
    killed = 0
    for run in range(KILLS):
        edit(puyu, run, chance)
        begun = run % 2 == 1
        moment = chance.uniform(0, lasts / 2 if begun else lasts + 1)
        killed += kill(puyu, moment, begun, *["--force"][: run % 3 == 0])
        assert all(searched(folder(puyu)))
        assert (
            versions.newest(folder(puyu), thorough=True)[0] == (folder(puyu) / versions.CURRENT).read_text()
        )
    assert killed > KILLS / 2
    assert puyu("index").status == 0
    assert not [*folder(puyu).glob(".tmp*")]
    assert puyu("index", DATA_DIR="fresh").status == 0
    assert held(folder(puyu)) == held(puyu.folder / "fresh" / "index")
    assert [found[0] for found in searched(folder(puyu))] == [
        found[0] for found in searched(puyu.folder / "fresh" / "index")
    ]


@pytest.mark.parametrize("where", [0.1, 0.5, 0.9])
def test_a_damaged_file_is_noticed_and_healed_by_the_next_run(indexed: CommandLine, where: float) -> None:
    sound = [*searched(folder(indexed))]
    for file in (folder(indexed) / versions.current(folder(indexed))).glob("*.segment"):
        with file.open("r+b") as spoiled:
            spoiled.seek(int(where * file.stat().st_size))
            spoiled.write(b"\xff\x00spoiled\xff" * 3)
    with pytest.raises(IndexUnavailable, match="damaged"):
        list(searched(folder(indexed)))
    assert indexed("index").status == 0
    assert [*searched(folder(indexed))] == sound


def test_a_version_that_lost_a_file_gives_way_to_the_one_before(indexed: CommandLine) -> None:
    before = [*searched(folder(indexed))]
    indexed.write("docs/new.md", "# 新的一页\n\n## 怎么量化模型\n\n另一种说法。\n")
    assert indexed("index").status == 0
    newest = folder(indexed) / versions.current(folder(indexed))
    shutil.move(newest / "manifest.json", indexed.folder)
    assert [*searched(folder(indexed))] == before
    assert indexed("index").status == 0
    assert "另一种说法。" in next(searched(folder(indexed)))[0][1]
