"""`puyu` as an operator has it: real processes on a course folder of their own."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import httpx

PAGE = """# LMDeploy 指南

LMDeploy 是推理部署的工具。

## 用 LMDeploy 做权重量化

执行 `lmdeploy lite auto_awq 模型路径` 可以把模型量化成 W4A16。

```bash
# 这不是标题
lmdeploy lite auto_awq internlm/internlm2_5-7b-chat
```

## 启动服务

用 `lmdeploy serve api_server` 启动兼容 OpenAI 的服务，默认端口 23333。
"""
PAIRS = "问题,答案\n作业什么时候交？,每关开放后两周内提交。\n显存不够怎么办？,降低 cache-max-entry-count。\n"
COURSE = '[course]\nname = "测试课"\n[[sources]]\nkind = "files"\npath = "docs"\n'

_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a process printed and how it ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one object on stdout."""
        return json.loads(self.out)

    @property
    def sentence(self) -> str:
        """The one line of complaint on stderr; there is no trace beside it."""
        lines = self.err.strip().splitlines()
        assert len(lines) == 1, self.err
        return lines[0]


class CommandLine:
    """A folder with course.toml and documents, and `puyu` called in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = _free_port()
        self.write("docs/lmdeploy.md", PAGE)
        self.write("docs/qa/faq.csv", PAIRS)
        self.write("course.toml", COURSE)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answers(self) -> bool:
        """Whether something serves the web page's port."""
        try:
            return httpx.get(f"{self.url}/healthz").is_success
        except httpx.TransportError:
            return False

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def __call__(
        self,
        *arguments: str | bytes,
        stdin: str = "",
        before: Callable[[], None] | None = None,
        **settings: str,
    ) -> Outcome:
        done = subprocess.run(
            [sys.executable, "-m", "bot", *arguments],
            cwd=self.folder,
            env=self._environment(settings),
            input=stdin.encode(),
            capture_output=True,
            timeout=_PATIENCE,
            preexec_fn=before,
            check=False,
        )
        return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())

    def shell(self, script: str, stdin: str = "", **settings: str) -> Outcome:
        """A line of bash; `{puyu}` in it is the command."""
        done = subprocess.run(
            ["bash", "-c", script.format(puyu=f"{sys.executable} -m bot")],
            cwd=self.folder,
            env=self._environment(settings),
            input=stdin.encode(),
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
        )
        return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())

    def stopped(self, number: int, when: Callable[[], bool], **settings: str) -> Outcome:
        """`puyu serve`, sent this signal as soon as `when` is true."""
        arguments = [sys.executable, "-m", "bot", "serve"]
        with subprocess.Popen(
            arguments, cwd=self.folder, env=self._environment(settings), stderr=subprocess.PIPE, text=True
        ) as process:
            while not when():
                assert process.poll() is None
            process.send_signal(number)
            _, said = process.communicate(timeout=_PATIENCE)
        return Outcome(process.returncode, "", said)

    @contextmanager
    def serving(self, **settings: str) -> Iterator[subprocess.Popen[str]]:
        """`puyu serve`, from when it is ready until the end of the block."""
        with self.opening(**settings) as (process, said):
            ready = httpx.get(f"{self.url}/readyz", timeout=_PATIENCE)
            assert ready.status_code == 200, (ready.text, said)
            yield process

    @contextmanager
    def opening(self, **settings: str) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
        """The same from when its page is open, with the lines that it says."""
        arguments = [sys.executable, "-m", "bot", "serve"]
        with subprocess.Popen(
            arguments, cwd=self.folder, env=self._environment(settings), stderr=subprocess.PIPE, text=True
        ) as process:
            said: list[str] = []
            opened = threading.Event()
            listening = threading.Thread(target=_listen, args=(process.stderr, said, opened), daemon=True)
            listening.start()
            try:
                assert opened.wait(_PATIENCE), said
                yield process, said
            finally:
                process.terminate()
                process.wait(_PATIENCE)
                listening.join(_PATIENCE)

    def _environment(self, settings: dict[str, str]) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return kept | {"WEB_PORT": str(self.port)} | settings


def _listen(stderr: IO[str], said: list[str], opened: threading.Event) -> None:
    """Note what the process says until it ends; it is open once it says where, or has given up."""
    for line in stderr:
        said.append(line)
        if "is open at" in line:
            opened.set()
    opened.set()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
