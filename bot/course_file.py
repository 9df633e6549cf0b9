"""course.toml while the bot runs: read anew, and sources added to it from chats, in a file of their own."""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path

from bot.course import Course, FilesConfig, GitConfig, SourceConfig, named_sources
from bot.settings import (
    BadSetting,
    Settings,
    added_file,
    check_together,
    load_added,
    load_course,
    source_of,
)

_ELSEWHERE = re.compile(r"(https?|ssh|git)://\S+|[\w.-]+@[\w.-]+:\S+", re.ASCII)
"""A repository on another machine: who writes in a chat is not to read the disk of this one."""


class CourseFile:
    """What course.toml says by now. Every call may raise BadSetting."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._file = added_file(settings.data_dir)

    def load(self) -> Course:
        """All of it, as `puyu serve` would begin with."""
        course = load_course(self._settings.course_file, self._settings.data_dir)
        check_together(self._settings, course)
        return course

    def added(self) -> tuple[SourceConfig, ...]:
        """The sources that were added, each with its name."""
        return load_added(self._settings.data_dir, self._settings.course_file.parent.resolve())

    def add(self, table: Mapping[str, object]) -> str:
        """Add such a table of [[sources]], and what it is named; one that is there already stays as it is."""
        source, added = source_of(table), self.added()
        for one in added:
            if one == source or (not source.name and one == _named(source, one.name)):
                return one.name
        course = self.load()
        if source.name in [name for name, _ in named_sources(course)]:
            raise BadSetting(f"name: {source.name!r} is taken.")
        if isinstance(source, FilesConfig) and not self._is_open(course.folder, source.path):
            raise BadSetting(f"path: {str(source.path)!r} is no folder of documents beside course.toml.")
        if isinstance(source, GitConfig) and not _ELSEWHERE.fullmatch(source.url):
            raise BadSetting(f"url: {source.url!r} is no address of a repository elsewhere.")
        more = course.model_copy(update={"sources": (*course.sources, source)})
        check_together(self._settings, more)
        *_, (name, _) = named_sources(more)
        self._write((*added, _named(source, name)))
        return name

    def remove(self, name: str) -> None:
        """Take the added source of this name out, where there is one."""
        self._write(tuple(one for one in self.added() if one.name != name))

    def _is_open(self, folder: Path, path: Path) -> bool:
        """Whether people in a chat may have it read: not what lies elsewhere, nor what the bot keeps."""
        asked, kept = (folder / path).resolve(), self._settings.data_dir.resolve()
        inside = asked.is_relative_to(folder) and not asked.is_relative_to(kept)
        return inside and not kept.is_relative_to(asked) and asked.is_dir()

    def _write(self, sources: tuple[SourceConfig, ...]) -> None:
        fresh = self._file.with_name(f".{self._file.name}")
        try:
            if not sources:
                return self._file.unlink(missing_ok=True)
            fresh.parent.mkdir(parents=True, exist_ok=True)
            with fresh.open("w", encoding="utf-8") as file:
                file.write("# Added from chats; /source remove NAME takes one out.\n")
                file.writelines(_written(source) for source in sources)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._file)
        except OSError as error:
            raise BadSetting(f"{self._file} cannot be written ({error.strerror}).") from error


def _named(source: SourceConfig, name: str) -> SourceConfig:
    return source.model_copy(update={"name": name})


def _written(source: SourceConfig) -> str:
    """The table in TOML, whose texts and lists are those of JSON."""
    values = source.model_dump(mode="json", exclude_defaults=True) | {"kind": source.kind}
    lines = (f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in values.items())
    return "".join(("\n[[sources]]\n", *lines))
