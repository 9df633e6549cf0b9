"""Files that crash, hang or bloat their parser cost one document, and nothing else."""

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from rag.loaders import admit, apart, load
from rag.loaders.apart import Worker
from rag.types import DocumentUnreadable
from tests.fakes.office_files import declaring, docx, paragraph

BAD = "tests.fakes.bad_parser"
ROOT = Path(__file__).parents[2]

only_linux = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="elsewhere nobody tells when it ends")


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with closing(Worker(BAD, seconds=1)) as made:
        yield made


@pytest.fixture(scope="module", autouse=True)
def _the_one_of_this_process() -> Iterator[None]:
    with closing(apart.worker()):
        yield


def pid(worker: Worker) -> str:
    return worker.load("a", b"text").title.split()[0]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("hang", "longer than 1 seconds"),
        ("crash", "its parser fails"),
        ("bug", "its parser fails"),
        ("bloat", "too much memory"),
        ("nest", "nested too deeply"),
        ("refuse", "a reason"),
    ],
)
def test_a_bad_file_is_refused_with_the_reason_and_the_next_one_is_read(
    worker: Worker, name: str, reason: str
) -> None:
    with pytest.raises(DocumentUnreadable, match=reason):
        worker.load(name, b"x")
    assert worker.load("good", b"read").title.endswith("read")


def test_one_process_reads_all_files(worker: Worker) -> None:
    assert pid(worker) == pid(worker) != str(os.getpid())


@only_linux
def test_a_process_that_somebody_ended_is_replaced(worker: Worker) -> None:
    first = pid(worker)
    os.kill(int(first), signal.SIGKILL)
    assert gone(int(first))
    assert pid(worker) != first


def gone(process: int) -> bool:
    """Whether a process ends within ten seconds."""
    try:
        watch = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    ended = select.select([watch], [], [], 10)[0]
    os.close(watch)
    return bool(ended)


@only_linux
@pytest.mark.parametrize("busy", [False, True])
def test_the_process_ends_with_its_parent_even_if_that_is_killed(busy: bool) -> None:
    code = (
        f"from rag.loaders.apart import Worker; w = Worker({BAD!r}, seconds=2)\n"
        f"print(w.load('a', b'').title, flush=True); w.load('hang', b'') if {busy} else input()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
    assert gone(child)


def test_nothing_heavy_is_loaded_and_no_process_started_for_a_small_text() -> None:
    code = (
        "import sys, rag.loaders; rag.loaders.load('a.md', b'# A');"
        "print(*{'pypdfium2', 'mammoth', 'pptx', 'openpyxl', 'lxml', 'numpy'} & set(sys.modules),"
        "rag.loaders.apart.worker()._child)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["None"]


def test_binary_files_and_long_texts_are_read_apart() -> None:
    assert load("a.docx", docx(paragraph("一、安装"))).title == "一、安装"
    assert load("a.md", "# 长\n".encode() + b"text\n" * 100_000).title == "长"


def test_a_notebook_with_fifty_megabytes_of_output_is_read_without_it() -> None:
    cell = {"cell_type": "code", "source": "run()", "outputs": [{"text": "x" * 50_000_000}]}
    page = load("a.ipynb", json.dumps({"cells": [cell]}).encode())
    assert [one.text for one in page.sections] == ["```\nrun()\n```"]


def test_a_size_is_refused_before_anything_is_read() -> None:
    with pytest.raises(DocumentUnreadable, match="larger than 20 MB"):
        admit("a.md", 21 * 1024 * 1024)
    with pytest.raises(DocumentUnreadable, match="larger than 200 MB"):
        admit("a.pdf", 500 * 1024 * 1024)
    admit("a.ipynb", 100 * 1024 * 1024)


ENTITIES = '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;&b;">]>'


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (declaring(docx(paragraph("a")), "word/document.xml", 3_000_000_000), "unpack to more than 500 MB"),
        (declaring(docx(others={"big": b"\0" * 100_000}), "word/big", 100), "damaged"),
        (docx(paragraph("&c;"), head=ENTITIES), "defines entities"),
        (docx(others={"extra.xml": ENTITIES.encode("utf-16")}), "defines entities"),
        (docx("<w:p>" * 3000 + "</w:p>" * 3000), "nested too deeply"),
    ],
)
def test_a_bomb_in_an_archive_is_refused_before_its_parser_sees_it(data: bytes, reason: str) -> None:
    with pytest.raises(DocumentUnreadable, match=reason):
        load("a.docx", data)
