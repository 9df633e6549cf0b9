"""A git repository as a source of documents: fetched without its past, and read as a folder of files."""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from rag.sources import Known
from rag.sources.files import FilesSource
from rag.types import Document, Skipped, SourceUnavailable, Unchanged

_PROTOCOLS = ("https", "http", "ssh", "git", "file")
_BY_SSH = re.compile(r"(?:[^@:/]+@)?([^@:/]+):(?!:)(.+)")  # git@host:owner/repo.git
_FORGES = ("github", "gitee", "gitlab", "gitcode")
_LONG_AGO = 1.0  # Unix seconds
# Name and password, also one with / in it; the query; all of an address where nobody can tell these apart.
_SECRET = re.compile(r"(?<=://)(?:[^\s?]*\?\S*@\S*|\S*@)|(?<=\S)\?\S*")
# What the operator's own settings of git say holds beside these.
_SETTINGS = {
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "core.sshCommand": "ssh -oBatchMode=yes -oConnectTimeout=15",
    "filter.lfs.process": "",  # an empty one also stands before filter.lfs.smudge
    "filter.lfs.required": "false",
    "gc.autoDetach": "false",
    "http.lowSpeedLimit": "1000",  # bytes a second
    "http.lowSpeedTime": "30",  # seconds
    "submodule.recurse": "false",
}
_ENVIRONMENT = {
    "GIT_ALLOW_PROTOCOL": ":".join(_PROTOCOLS),
    "GIT_ASKPASS": "true",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
# They stand for another repository where an index run is started by a hook of it.
_NOT_OURS = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR")


class _Head(NamedTuple):
    ref: str
    commit: str
    branch: str


@dataclass(frozen=True, slots=True)
class GitSource:
    """The files of a branch or tag (the main branch, if none is named) of the repository at `url`.

    `folder` is this source's alone: what was fetched stays there for the next run, and is fetched anew
    when that was cut off. Links begin with `link`; without one they lead to the repository's web pages
    where those are of a known kind, else to the bot's own. Each step of git may take so many `seconds`.
    """

    name: str
    url: str
    folder: Path
    branch: str = ""
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    link: str = ""
    cohort: str = ""
    session: str = ""
    seconds: float = 600
    program: str = "git"

    def documents(self, known: Known) -> Iterator[Document | Unchanged | Skipped]:
        """The files of the newest commit; SourceUnavailable when that cannot be had."""
        head = self._head()
        self._bring(head)
        link = self.link or web_page(self.url, head.branch)
        yield from FilesSource(
            name=self.name,
            root=self._files,
            include=self.include,
            exclude=self.exclude,
            url=link and f"{link.rstrip('/')}/",
            cohort=self.cohort,
            session=self.session,
        ).documents(known)

    @property
    def _files(self) -> Path:
        return self.folder / "files"

    @property
    def _repository(self) -> Path:
        """Beside the files and not among them: it would be a way from a link in them to what git keeps."""
        return self.folder / "repository"

    def _head(self) -> _Head:
        """What the repository says that the branch is at."""
        if not shutil.which(self.program):
            raise self._failed(f"there is no {self.program} on this machine; install it")
        scheme, found, _ = self.url.partition("://")
        if self.url.startswith("-") or "::" in scheme or (found and scheme not in _PROTOCOLS):
            raise self._failed(f"{self.url} is not read; give an address with https:// or ssh://, or a path")
        wanted = [f"refs/heads/{self.branch}", f"refs/tags/{self.branch}"] if self.branch else ["HEAD"]
        commits, branch = {}, self.branch or "HEAD"
        for line in self._git("ls-remote", "--symref", "--", self.url, *wanted).splitlines():
            value, _, ref = line.partition("\t")
            if not value.startswith("ref: "):
                commits[ref] = value
            elif ref == "HEAD":
                branch = value.removeprefix("ref: refs/heads/")
        for ref in wanted:
            if ref in commits:
                return _Head(ref, commits[ref], branch)
        missing = f"no branch or tag {self.branch}" if self.branch else "no commit"
        raise self._failed(f"there is {missing} in {self.url}; correct course.toml")

    def _bring(self, head: _Head) -> None:
        """Make the files those of the commit."""
        note = self.folder / "commit"  # is there exactly while all the rest is whole
        try:
            held = note.read_text() if note.exists() else ""
            if not held:
                for leftover in (self._repository, self._files):
                    shutil.rmtree(leftover, ignore_errors=True)
                self._files.mkdir(parents=True)
                self._git("init", "--quiet", "--bare", "--template=", str(self._repository))
            newer = held != head.commit
            if newer:
                # One that was killed leaves it, and nobody else fetches here.
                (self._repository / "shallow.lock").unlink(missing_ok=True)
                self._here("fetch", "--quiet", "--depth=1", "--no-tags", "--", self.url, head.ref)
            note.unlink(missing_ok=True)
            self._here("reset", "--quiet", "--hard", "FETCH_HEAD" if newer else "HEAD")
            self._here("clean", "--quiet", "-ffdx")
            if newer:
                self._age()
            note.write_text(head.commit)
        except OSError as error:
            raise self._failed(f"cannot write in {self.folder}: {error.strerror or error}") from error

    def _age(self) -> None:
        """Give what was written now a time long ago: a young file would be read once more at the next run."""
        for folder, _, files in os.walk(self._files):
            for file in map(Path(folder).joinpath, files):
                if file.lstat().st_mtime != _LONG_AGO:
                    os.utime(file, (_LONG_AGO, _LONG_AGO), follow_symlinks=False)
        # Else git takes them for changed, and writes them anew.
        self._here("update-index", "--refresh", "-q")

    def _here(self, *arguments: str) -> str:
        return self._git(f"--git-dir={self._repository}", f"--work-tree={self._files}", *arguments)

    def _git(self, *arguments: str) -> str:
        """What git prints. It has no terminal, so that nothing it starts can ask for a password."""
        settings = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
        unset = [part for name in _NOT_OURS for part in ("-u", name)]
        variables = [f"{name}={value}" for name, value in _ENVIRONMENT.items()]
        with subprocess.Popen(
            ["env", *unset, *variables, self.program, *settings, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        ) as process:
            try:
                printed, said = process.communicate(timeout=self.seconds)
            except subprocess.TimeoutExpired as error:
                raise self._failed(f"{self.url} was not read within {self.seconds:g} s") from error
            finally:
                if process.poll() is None:
                    # With the programs that it started, which may hang as well.
                    os.killpg(process.pid, signal.SIGKILL)
        if process.returncode:
            raise self._failed(f"git cannot read {self.url}: {' '.join(said.split())[:300]}")
        return printed

    def _failed(self, sentence: str) -> SourceUnavailable:
        return SourceUnavailable(f"source {self.name!r}: {_SECRET.sub('', sentence)}")


def is_local(url: str) -> bool:
    """Whether this is a path on this machine."""
    return "://" not in url and not _BY_SSH.fullmatch(url)


def web_page(url: str, branch: str) -> str:
    """Where the host of the repository shows the files of the branch; empty where that is not known."""
    by_ssh = None if "://" in url else _BY_SSH.fullmatch(url)
    address = urlsplit(f"ssh://{by_ssh[1]}/{by_ssh[2]}" if by_ssh else url)
    host = address.hostname or ""
    if not any(forge in host for forge in _FORGES):
        return ""
    web = address.scheme in ("http", "https")
    place = f"{host}:{address.port}" if web and address.port else host
    repository = address.path.strip("/").removesuffix(".git")
    return f"{address.scheme if web else 'https'}://{place}/{repository}/blob/{quote(branch)}"
