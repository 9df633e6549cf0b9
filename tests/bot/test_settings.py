"""A wrong setting is told in one sentence that says which, what was given and what is expected."""

from pathlib import Path

import pytest

from bot.course import FeishuConfig, named_sources
from bot.settings import BadSetting, check_together, load_course, load_settings

FILES = '[[sources]]\nkind = "files"\npath = "docs"\n'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def course(folder: Path, text: str) -> Path:
    path = folder / "course.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("WEB_PORT", "abc", "WEB_PORT: 'abc' was given, expected a valid integer."),
        ("WEB_PORT", "70000", "WEB_PORT: '70000' was given, expected less than or equal to 65535."),
        ("LLM_IDLE_TIMEOUT", "-1", "LLM_IDLE_TIMEOUT: '-1' was given, expected greater than 0."),
        ("LLM_IDLE_TIMEOUT", "inf", "LLM_IDLE_TIMEOUT: 'inf' was given, expected a finite number."),
        (
            "TELEGRAM_BOT_TOKEN",
            "bot123:abc",
            "TELEGRAM_BOT_TOKEN: **** was given, expected a token as BotFather gives it, 123456:ABC-DEF.",
        ),
        ("TELEGRAM_MODE", "push", "TELEGRAM_MODE: 'push' was given, expected 'polling' or 'webhook'."),
    ],
)
def test_a_wrong_value_is_named_with_what_is_expected(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(BadSetting) as told:
        load_settings()
    assert str(told.value) == sentence


@pytest.mark.parametrize(
    "url",
    [
        "redis://127.0.0.1:6379/0",
        "rediss://:hunter2@redis.example",
        "unix:///run/redis.sock",
        "redis+sentinel://:hun,ter2@a:26379,b:26379/main",
        "rediss+sentinel://a,b/main/2?sentinel_password=x",
        "redis+cluster://ann:hunter2@a:1,[::1]:2",
    ],
)
def test_every_kind_of_redis_is_an_address(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("REDIS_URL", url)
    assert load_settings().redis_url.get_secret_value() == url


@pytest.mark.parametrize("url", ["localhost:1", "http://", "http://h:port", "http://[::1", "ftp://h"])
def test_an_address_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("LLM_BASE_URLS", url)
    with pytest.raises(BadSetting, match="expected addresses as http"):
        load_settings()


def test_a_data_dir_that_is_a_file_is_told(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    (folder / "data").touch()
    monkeypatch.setenv("DATA_DIR", "data")
    with pytest.raises(BadSetting, match=r"DATA_DIR: .* expected a folder"):
        load_settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REDIS_URL", "hunter2"),
        ("REDIS_URL", "redis://:hunter2@h:port"),
        ("REDIS_URL", "redis+sentinel://:hunter2@h:port/main"),
        ("REDIS_URL", "redis+sentinel://:hunter2@h:1"),
        ("REDIS_URL", "redis+cluster://:hunter2@h:1,"),
        ("REDIS_URL", "redis+hunter2://h:1"),
        ("LLM_BASE_URLS", "http://ann:hunter2@h:port"),
    ],
)
def test_a_wrong_secret_is_not_repeated(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(BadSetting) as told:
        load_settings()
    assert "hunter2" not in str(told.value)


def test_secrets_print_as_stars(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LLM_API_KEY", "WEB_PASSWORD"):
        monkeypatch.setenv(name, "hunter2")
    monkeypatch.setenv("REDIS_URL", "redis://:hunter2@somewhere")
    assert "hunter2" not in f"{load_settings()} {load_settings()!r} {load_settings().model_dump_json()}"


def test_an_unknown_name_in_env_file_names_the_nearest(folder: Path) -> None:
    (folder / ".env").write_text("LLM_API_KY=1\n")
    with pytest.raises(BadSetting, match=r"unknown setting LLM_API_KY, did you mean LLM_API_KEY\?"):
        load_settings()


@pytest.mark.parametrize("line", ["this is nothing", "WEB_PORT", 'WEB_PORT="80', "=80"])
def test_a_line_of_env_file_that_says_nothing_is_told(folder: Path, line: str) -> None:
    (folder / ".env").write_text(f"# a comment\n{line}\n")
    with pytest.raises(BadSetting, match=r"\.env, line 2: expected NAME=value"):
        load_settings()


def test_an_env_file_of_windows_is_read(folder: Path) -> None:
    (folder / ".env").write_bytes(b'\xef\xbb\xbfWEB_PORT=9 # ours\r\n\r\nLLM_MODEL="a b"\r\n')
    assert (load_settings().web_port, load_settings().llm_model) == (9, "a b")


def test_an_env_file_that_cannot_be_read_is_told(folder: Path) -> None:
    (folder / ".env").mkdir()
    with pytest.raises(BadSetting, match=r"\.env cannot be read"):
        load_settings()


def test_an_empty_value_means_unset(folder: Path) -> None:
    (folder / ".env").write_text("WEB_PORT=\nLLM_BASE_URLS=\n")
    assert load_settings().web_port == 8000
    assert load_settings().llm_base_urls == ()


def test_several_model_servers_are_parted_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_BASE_URLS", "http://a:23333, http://b:23333/v1")
    assert load_settings().llm_base_urls == ("http://a:23333", "http://b:23333/v1")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("x = [", "is not valid TOML"),
        ("", 'expected at least one [[sources]] with kind = "files" and a path.'),
        ('[corse]\nname = "x"\n' + FILES, "unknown key corse, did you mean course?"),
        (FILES + 'pth = "x"', "unknown key sources.1.pth, did you mean path?"),
        (
            '[[sources]]\nkind = "fils"\npath = "x"',
            "sources.1.kind: 'fils' was given, expected 'files', 'git', 'web' or 'feishu'.",
        ),
        ('[[sources]]\npath = "x"', "sources.1.kind is missing."),
        (FILES + '[[sources]]\nkind = "web"\nurl = "x"', "unknown key sources.2.url, did you mean urls?"),
        (FILES + '[[sources]]\nkind = "web"', "sources.2.urls is missing."),
        (
            FILES + '[[sources]]\nkind = "web"\nurls = []',
            "sources.2.urls: [] was given, expected at least one.",
        ),
        (
            FILES + '[[sources]]\nkind = "web"\nurls = ["a.b"]',
            "sources.2.urls.1: 'a.b' was given, expected an addr",
        ),
        (FILES + '[[sources]]\nkind = "git"\nurl = "ext::sh -c x"', "expected a repository as https://"),
        (
            FILES + '[[sources]]\nkind = "git"\nurl = 1',
            "sources.2.url: 1 was given, expected text in quotes.",
        ),
        (
            FILES + '[[sources]]\nkind = "feishu"',
            "sources.2: expected at least one of wiki, documents, folder",
        ),
        (FILES + '[[sources]]\nkind = "feishu"\nwikis = "x"', "sources.2.wikis, did you mean wiki?"),
        (FILES + 'name = "a/b"', "sources.1.name: 'a/b' was given, expected a name without slashes"),
        (FILES + 'name = "a"\n' + FILES + 'name = "a"', "every source to have a name of its own; 'a' is"),
        (FILES + 'name = "approved"', "'approved' was given, expected another name: approved is reserved"),
        (FILES + "include = []", "sources.1.include: [] was given, expected at least one pattern"),
        ("sources = [1]", "sources.1: 1 was given, expected a table."),
        ('[sources]\nkind = "files"\npath = "docs"', "sources: expected a list."),
        (
            FILES + '[schedule]\nreindex = "* * *"',
            "schedule.reindex: '* * *' was given, expected a cron line of",
        ),
        (FILES + '[schedule]\nreindex = "61 * * * *"', "is higher than the maximum value (59))."),
        (FILES + '[schedule]\nreindex = "0 0 31 2 *"', "as */30 * * * * (there is no such day in any year)."),
        (FILES + '[schedule]\ndigest = "0 0 30 2 *"', "schedule.digest: '0 0 30 2 *' was given"),
        (FILES + '[schedule]\nreindex = "* * * * 8"', "schedule.reindex: '* * * * 8' was given"),
        (
            FILES + '[schedule]\ntimezone = "Mars/Base"',
            "schedule.timezone: 'Mars/Base' was given, expected a time z",
        ),
        (FILES + '[schedule]\ntimezone = "../UTC"', "expected a time zone as Asia/Shanghai or UTC."),
        ('[[sources]]\nkind = "files"', "sources.1.path is missing."),
        ('[groups."feishu:oc_1"]\nmod = "quiet"\n' + FILES, "did you mean mode?"),
        ('folder = "x"\n' + FILES, "unknown key folder"),
        ('sources = "docs"', "sources: 'docs' was given, expected a list."),
        ("course = 1\n" + FILES, "course: 1 was given, expected a table."),
        (FILES.replace("docs", "a\\u0000b"), "expected a path without NUL"),
        (FILES + '[groups.default]\nquiet_hours = "99:99-00:00"', "expected a time as in 23:00-07:00."),
        ('[course]\nlanguages = ["fr"]\n' + FILES, "'fr' was given, expected 'zh' or 'en'."),
    ],
)
def test_a_wrong_course_file_is_told_in_one_sentence(folder: Path, text: str, sentence: str) -> None:
    with pytest.raises(BadSetting) as told:
        load_course(course(folder, text))
    assert sentence in str(told.value)
    assert "\n" not in str(told.value)


def test_a_missing_course_file_says_what_to_do(folder: Path) -> None:
    with pytest.raises(BadSetting, match="create it or point COURSE_FILE at yours"):
        load_course(folder / "course.toml")


def test_a_course_file_of_windows_is_read(folder: Path) -> None:
    path = folder / "course.toml"
    path.write_bytes(b"\xef\xbb\xbf" + FILES.replace("\n", "\r\n").encode())
    assert [name for name, _ in named_sources(load_course(path))] == ["docs"]


def test_paths_are_relative_to_the_course_file(folder: Path) -> None:
    assert load_course(course(folder, FILES)).folder == folder.resolve()


def test_every_table_of_the_design_is_understood(folder: Path) -> None:
    text = FILES + (
        '[schedule]\nreindex = "*/30 * * * *"\n[staff]\nadmins = ["web:ann"]\n'
        '[groups.default]\nmode = "helpful"\nquiet_hours = "23:00-07:00"\n[limits]\nmerge_seconds = 2\n'
        "answers_at_once = 8\n"
    )
    assert load_course(course(folder, text)).groups["default"].mode == "helpful"


EVERY_KIND = (
    FILES
    + """
[[sources]]
kind = "git"
url = "git@example.org:camp/book.git"
branch = "camp4"
include = "**/*.md"
[[sources]]
kind = "git"
url = "https://example.org/other/book/"
[[sources]]
kind = "web"
urls = "https://www.example.org/guide"
private = true
[[sources]]
kind = "feishu"
wiki = "7034502641455497244"
documents = ["https://x.feishu.cn/docx/T1", "T2"]
[[sources]]
kind = "feishu"
name = "answers"
bitable = ["T/tbl"]
cohort = "camp3"
session = "L1"
"""
)


def test_every_kind_of_source_has_a_name_of_its_own(folder: Path) -> None:
    names = [name for name, _ in named_sources(load_course(course(folder, EVERY_KIND)))]
    assert names == ["docs", "book", "book-2", "www.example.org", "feishu", "answers"]


def test_a_name_that_is_set_is_not_given_to_another_source(folder: Path) -> None:
    text = FILES + FILES.replace("docs", "other") + 'name = "docs"\n'
    assert [name for name, _ in named_sources(load_course(course(folder, text)))] == ["docs-2", "docs"]


def test_one_token_stands_for_a_list_of_one(folder: Path) -> None:
    feishu = load_course(course(folder, EVERY_KIND)).sources[4]
    assert isinstance(feishu, FeishuConfig)
    assert feishu.wiki == ("7034502641455497244",)


def test_a_feishu_source_needs_the_app_that_reads_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEISHU_APP_ID", "cli_1")
    with pytest.raises(BadSetting) as told:
        check_together(load_settings(), load_course(course(folder, EVERY_KIND)))
    assert str(told.value) == (
        "course.toml: source 'feishu' is Feishu's; set FEISHU_APP_ID and FEISHU_APP_SECRET in .env."
    )


def test_with_id_and_secret_a_feishu_source_is_well(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEISHU_APP_ID", "cli_1")
    monkeypatch.setenv("FEISHU_APP_SECRET", "hunter2")
    check_together(load_settings(), load_course(course(folder, EVERY_KIND)))


def test_an_embedding_server_needs_the_name_of_its_model(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMBEDDING_BASE_URL", "http://127.0.0.1:1/")
    with pytest.raises(BadSetting, match="EMBEDDING_BASE_URL needs EMBEDDING_MODEL"):
        check_together(load_settings(), load_course(course(folder, FILES)))


@pytest.mark.parametrize("name", ["EMBEDDING_BASE_URL", "FEISHU_DOMAIN"])
def test_an_address_of_a_server_is_one(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "open.feishu.cn")
    with pytest.raises(BadSetting, match=f"{name}: 'open.feishu.cn' was given, expected an address"):
        load_settings()


def test_a_password_in_an_address_of_the_course_is_not_repeated(folder: Path) -> None:
    text = FILES + '[[sources]]\nkind = "web"\nurls = ["ftp://ann:hunter2@h"]'
    with pytest.raises(BadSetting) as told:
        load_course(course(folder, text))
    assert "hunter2" not in str(told.value)


def test_a_vision_model_needs_a_server(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_VISION_MODEL", "internvl")
    with pytest.raises(BadSetting, match="LLM_VISION_MODEL needs LLM_BASE_URLS"):
        check_together(load_settings(), load_course(course(folder, FILES)))


def test_the_staff_have_a_password_of_their_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WEB_PASSWORD", "WEB_STAFF_PASSWORD"):
        monkeypatch.setenv(name, "hunter2")
    with pytest.raises(BadSetting, match="WEB_STAFF_PASSWORD is the same as WEB_PASSWORD") as told:
        check_together(load_settings(), load_course(course(folder, FILES)))
    assert "hunter2" not in str(told.value)


def test_a_webhook_needs_an_address(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "1:a")
    monkeypatch.setenv("TELEGRAM_MODE", "webhook")
    with pytest.raises(BadSetting, match="TELEGRAM_WEBHOOK_URL"):
        check_together(load_settings(), load_course(course(folder, FILES)))


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("", ""),
        ("https://ta.example.org/", "https://ta.example.org/telegram/webhook"),
        ("https://example.org/hook", "https://example.org/hook"),
    ],
)
def test_a_webhook_address_without_a_path_gets_that_of_the_route(
    monkeypatch: pytest.MonkeyPatch, given: str, used: str
) -> None:
    monkeypatch.setenv("TELEGRAM_WEBHOOK_URL", given)
    assert load_settings().telegram_webhook == used


def test_events_that_are_posted_need_something_to_prove_them(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEISHU_APP_ID", "cli_1")
    monkeypatch.setenv("FEISHU_MODE", "webhook")
    with pytest.raises(BadSetting, match="FEISHU_ENCRYPT_KEY"):
        check_together(load_settings(), load_course(course(folder, FILES)))
    monkeypatch.setenv("FEISHU_ENCRYPT_KEY", "k")
    check_together(load_settings(), load_course(course(folder, FILES)))
