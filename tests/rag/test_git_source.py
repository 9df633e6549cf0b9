"""A repository gives the files of its newest commit, whatever became of the run before."""

import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from rag.sources import Known
from rag.sources.git import GitSource, is_local, web_page
from rag.types import Document, Skipped, SourceUnavailable, Unchanged

Found = Document | Unchanged | Skipped


class Repository:
    """A repository of somebody else, in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if not folder.exists():
            folder.mkdir()
            self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> str:
        who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        command = ["git", *who, "-C", str(self.folder), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def commit(self, **files: str) -> None:
        for name, text in files.items():
            path = self.folder / f"{name}.md"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message=x")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    repository = Repository(tmp_path_factory.mktemp("template") / "theirs")
    repository.commit(a="# A", b="# B")
    return repository.folder


@pytest.fixture
def theirs(template: Path, tmp_path: Path) -> Repository:
    return Repository(Path(shutil.copytree(template, tmp_path / "theirs")))


@pytest.fixture
def source(theirs: Repository, tmp_path: Path) -> Callable[..., GitSource]:
    def build(url: str = "", **settings: object) -> GitSource:
        return GitSource("repo", url or str(theirs.folder), tmp_path / "ours", **settings)  # type: ignore[arg-type]  # any

    return build


def marks(found: list[Found]) -> Known:
    return {one.path: one.mark for one in found if isinstance(one, Document)}


def texts(source: GitSource) -> dict[str, str]:
    found = source.documents({})
    return {one.path: one.title for one in found if isinstance(one, Document)}


Build = Callable[..., GitSource]


def test_the_files_of_a_repository_are_documents(source: Build) -> None:
    found = list(source().documents({}))
    assert [(one.id, one.title) for one in found if isinstance(one, Document)] == [
        ("repo/a.md", "A"),
        ("repo/b.md", "B"),
    ]


def test_only_what_was_changed_is_read_again(source: Build, theirs: Repository) -> None:
    known = marks(list(source().documents({})))
    theirs.commit(a="# New")
    a, b = source().documents(known)
    assert isinstance(a, Document)
    assert (a.title, b) == ("New", Unchanged("b.md"))


def test_the_same_commit_changes_nothing(source: Build) -> None:
    known = marks(list(source().documents({})))
    assert list(source().documents(known)) == [Unchanged("a.md"), Unchanged("b.md")]


def test_files_that_were_removed_and_renamed_are_followed(source: Build, theirs: Repository) -> None:
    texts(source())
    theirs.git("mv", "a.md", "c.md")
    theirs.git("rm", "--quiet", "b.md")
    theirs.commit()
    assert texts(source()) == {"c.md": "A"}


def test_a_rewritten_past_is_followed(source: Build, theirs: Repository) -> None:
    texts(source())
    theirs.git("checkout", "--quiet", "--orphan", "other")
    theirs.commit(a="# Anew")
    theirs.git("branch", "--force", "main", "other")
    theirs.git("checkout", "--quiet", "main")
    assert texts(source())["a.md"] == "Anew"


def test_a_branch_and_a_tag_can_be_chosen(source: Build, theirs: Repository) -> None:
    theirs.git("tag", "--annotate", "v1", "--message=x")
    theirs.git("checkout", "--quiet", "-b", "camp/4")
    theirs.commit(a="# Camp 4")
    theirs.git("checkout", "--quiet", "main")
    theirs.commit(a="# Later")
    assert texts(source(branch="camp/4"))["a.md"] == "Camp 4"
    assert texts(source(branch="v1"))["a.md"] == "A"
    assert texts(source())["a.md"] == "Later"


def test_another_url_gives_the_other_files(source: Build, tmp_path: Path) -> None:
    texts(source())
    other = Repository(tmp_path / "other")
    other.commit(x="# X")
    assert texts(source(str(other.folder))) == {"x.md": "X"}
    assert texts(source(f"file://{other.folder}")) == {"x.md": "X"}


def test_patterns_choose_the_files(source: Build, theirs: Repository) -> None:
    theirs.commit(**{"docs/c": "# C"})
    assert texts(source(include=["docs/**"])) == {"docs/c.md": "C"}
    assert list(texts(source(exclude=["a.md"]))) == ["b.md", "docs/c.md"]


def test_what_lies_around_in_the_folder_is_no_document(source: Build, tmp_path: Path) -> None:
    texts(source())
    (tmp_path / "ours" / "files" / "stray.md").write_text("# Stray")
    (tmp_path / "ours" / "files" / "a.md").unlink()
    assert texts(source()) == {"a.md": "A", "b.md": "B"}


def cut_off_at_first(ours: Path) -> None:
    (ours / "commit").unlink()
    (ours / "repository" / "HEAD").write_bytes(b"")


def cut_off_while_fetching(ours: Path) -> None:
    (ours / "commit").unlink()
    (ours / "repository" / "shallow.lock").touch()


def cut_off_while_writing_files(ours: Path) -> None:
    (ours / "commit").unlink()
    (ours / "repository" / "index.lock").touch()
    (ours / "files" / "a.md").write_text("# Hal")


def emptied(ours: Path) -> None:
    (ours / "commit").write_text("")


@pytest.mark.parametrize(
    "break_off", [cut_off_at_first, cut_off_while_fetching, cut_off_while_writing_files, emptied]
)
def test_a_run_that_was_cut_off_is_made_good_by_the_next(
    source: Build, tmp_path: Path, break_off: Callable[[Path], None]
) -> None:
    texts(source())
    break_off(tmp_path / "ours")
    assert texts(source()) == {"a.md": "A", "b.md": "B"}


def test_a_run_that_fails_half_way_is_made_good_by_the_next(
    source: Build, theirs: Repository, tmp_path: Path
) -> None:
    texts(source())
    theirs.commit(a="# New")
    (tmp_path / "ours" / "repository" / "index.lock").touch()
    with pytest.raises(SourceUnavailable, match=r"index\.lock"):
        texts(source())
    assert texts(source())["a.md"] == "New"


def test_a_run_that_cannot_fetch_leaves_what_was_fetched(
    source: Build, theirs: Repository, tmp_path: Path
) -> None:
    texts(source())
    held = (tmp_path / "ours" / "repository" / "HEAD").stat().st_ino
    theirs.commit(a="# New")
    cut = tmp_path / "cut-off-git"
    cut.write_text('#!/bin/sh\ncase "$*" in *" fetch "*) exit 1;; esac\nexec git "$@"\n')
    cut.chmod(0o755)
    with pytest.raises(SourceUnavailable, match="git cannot read"):
        texts(source(program=str(cut)))
    # As a fetch leaves it that was killed.
    (tmp_path / "ours" / "repository" / "shallow.lock").touch()
    assert texts(source())["a.md"] == "New"
    assert (tmp_path / "ours" / "repository" / "HEAD").stat().st_ino == held


def test_a_link_into_what_git_keeps_leads_nowhere(source: Build, theirs: Repository) -> None:
    (theirs.folder / "config.md").symlink_to(".git/config")
    (theirs.folder / "other.md").symlink_to("../repository/config")
    theirs.commit()
    found = {one.path: type(one) for one in source().documents({})}
    assert found == {"a.md": Document, "b.md": Document, "config.md": Skipped, "other.md": Skipped}


def test_no_program_that_is_set_for_a_repository_is_run(
    source: Build, theirs: Repository, tmp_path: Path
) -> None:
    """Neither hooks nor the filter of large files, which would fetch what it likes."""
    (theirs.folder / ".gitattributes").write_text("*.md filter=lfs\n")
    theirs.commit()
    texts(source())
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for hook in ("post-checkout", "post-index-change", "reference-transaction"):
        (hooks / hook).write_text(f"#!/bin/sh\ntouch {tmp_path / 'ran'}\n")
        (hooks / hook).chmod(0o755)
    run = f"touch {tmp_path / 'ran'}; cat"
    settings = {"core.hooksPath": str(hooks), "filter.lfs.required": "true"}
    for name, value in {**settings, "filter.lfs.smudge": run, "filter.lfs.process": run}.items():
        repository = f"--git-dir={tmp_path / 'ours' / 'repository'}"
        subprocess.run(["git", repository, "config", name, value], check=True)
    theirs.commit(a="# New")
    assert texts(source())["a.md"] == "New"
    assert not (tmp_path / "ran").exists()


def test_the_url_is_no_way_to_run_a_program(source: Build, tmp_path: Path) -> None:
    for url in (
        f"ext::touch {tmp_path}/ran",
        f"--upload-pack=touch {tmp_path}/ran",
        f"ext://touch {tmp_path}/ran",
    ):
        with pytest.raises(SourceUnavailable, match="is not read"):
            texts(source(url))
    assert not (tmp_path / "ran").exists()


def test_what_is_wrong_is_said_in_one_sentence(source: Build, tmp_path: Path) -> None:
    for built, reason in [
        (
            source(branch="nope"),
            r"source 'repo': there is no branch or tag nope in .*theirs; correct course\.toml",
        ),
        (source(branch="*"), "no branch or tag"),
        (
            source(str(tmp_path / "nowhere")),
            "git cannot read .*nowhere: fatal: .*not appear to be a git repository",
        ),
        (source(program="git-that-is-not-there"), "no git-that-is-not-there on this machine; install it"),
    ]:
        with pytest.raises(SourceUnavailable, match=reason):
            texts(built)


def test_an_empty_repository_is_named(source: Build, tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="no commit"):
        texts(source(str(Repository(tmp_path / "empty").folder)))


def test_a_password_in_the_url_is_never_told(source: Build, unused_tcp_port: int) -> None:
    with pytest.raises(SourceUnavailable) as raised:
        texts(source(f"http://ta:hunter2@127.0.0.1:{unused_tcp_port}/x.git"))
    assert f"http://127.0.0.1:{unused_tcp_port}/x.git" in str(raised.value)
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    "url",
    [
        "https://ta:hun/SECRET@127.0.0.1:1/x.git",
        "https://ta:h@n/SECRET@127.0.0.1:1/x.git",
        "https://127.0.0.1:1/x.git?private_token=SECRET",
        "https://127.0.0.1:1/x.git?private_token=hun@SECRET",
        "https://ta:hun?SECRET@127.0.0.1:1/x.git",
        "ext://ta:hun/SECRET@127.0.0.1/x.git?SECRET",
    ],
)
def test_no_part_of_a_password_or_token_is_told(source: Build, url: str) -> None:
    with pytest.raises(SourceUnavailable) as raised:
        texts(source(url))
    assert "SECRET" not in str(raised.value)
    assert "hun" not in str(raised.value)


def test_a_server_that_hangs_is_given_up(source: Build) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"git://127.0.0.1:{silent.getsockname()[1]}/x"
        with pytest.raises(SourceUnavailable, match=r"not read within 0\.3 s"):
            texts(source(url, seconds=0.3))


def test_the_folder_that_cannot_be_written_is_named(source: Build, tmp_path: Path) -> None:
    (tmp_path / "ours").write_text("a file")
    with pytest.raises(SourceUnavailable, match=r"cannot write in .*ours"):
        texts(source())


def test_the_repository_of_a_hook_that_runs_us_is_left_alone(
    source: Build, theirs: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = Repository(tmp_path / "mine")
    mine.commit(mine="# Mine")
    for name in ("GIT_DIR", "GIT_INDEX_FILE"):
        monkeypatch.setenv(name, str(mine.folder / ".git" / ("index" if "INDEX" in name else "")))
    assert texts(source()) == {"a.md": "A", "b.md": "B"}
    for name in ("GIT_DIR", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name)
    assert mine.git("status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("url", "page"),
    [
        ("https://github.com/org/camp.git", "https://github.com/org/camp/blob/main"),
        (
            "https://ta:token@gitlab.school.edu:8443/g/sub/camp",
            "https://gitlab.school.edu:8443/g/sub/camp/blob/main",
        ),
        ("git@gitee.com:org/camp.git", "https://gitee.com/org/camp/blob/main"),
        ("ssh://git@github.com:22/org/camp.git/", "https://github.com/org/camp/blob/main"),
        ("https://git.example.org/org/camp.git", ""),
        ("/srv/github/camp", ""),
    ],
)
def test_links_lead_to_where_students_can_read_on(url: str, page: str) -> None:
    assert web_page(url, "main") == page


def test_links_name_the_branch_and_can_be_given(source: Build) -> None:
    (a, _) = source(link="https://docs.example.org/camp/").documents({})
    (b, _) = source().documents({})
    assert isinstance(a, Document)
    assert isinstance(b, Document)
    assert (a.url, b.url) == ("https://docs.example.org/camp/a.md", "/read/repo/a.md")
    assert (
        web_page("https://github.com/o/r", "camp/第4期")
        == "https://github.com/o/r/blob/camp/%E7%AC%AC4%E6%9C%9F"
    )


def test_paths_are_told_from_addresses() -> None:
    assert [is_local(url) for url in ("docs/repo", "/srv/repo", "../a:b")] == [True] * 3
    assert not any(is_local(url) for url in ("https://h/r", "git@h:o/r", "host:r", "file:///r"))
