"""The menu at Telegram names the commands that work there, as Telegram takes them, to who may use them."""

import re

from bot.command_table import every
from bot.course import Staff
from bot.menu import menus

COURSE, BOTH = "书生·浦语", ("zh", "en")
STAFF = Staff(
    admins=("telegram:1", "feishu:ou_1"), tas=("telegram:2", "telegram:name"), chat="telegram:-1001"
)


def named(role: str, place: str) -> list[str]:
    """The commands of this role alone that are shown in such a place."""
    return [one.name for one in every() if one.role == role and place in one.shown]


def test_the_menu_is_the_table_of_commands_in_each_language() -> None:
    chinese, english = menus(COURSE, BOTH)
    assert [one.language for one in (chinese, english)] == ["zh", "en"]
    assert [one.name for one in chinese.groups] == named("student", "groups")
    assert "mydata" in {one.name for one in chinese.direct} - {one.name for one in chinese.groups}
    does = [{one.name: one.description for one in menu.direct}["help"] for menu in (chinese, english)]
    assert does == ["看看我能做什么", "See what I can do"]


def test_telegram_takes_what_the_menu_holds() -> None:
    for menu in menus("a course with a name of sixty characters, which is rather much", BOTH, STAFF):
        assert len(menu.about) <= 120
        assert len(menu.introduction) <= 512
        for entries in (menu.direct, menu.groups, *menu.corners.values()):
            assert len(entries) <= 100
            for entry in entries:
                assert re.fullmatch(r"[a-z0-9_]{1,32}", entry.name)
                assert 1 <= len(entry.description) <= 256


def test_each_sees_the_commands_of_their_role_alone() -> None:
    for menu in menus(COURSE, BOTH, STAFF):
        seen = {chat: {one.name for one in entries} for chat, entries in menu.corners.items()}
        assert seen.keys() == {1, 2, -1001}
        assert {one.name for one in menu.direct} == {*named("student", "direct")}
        assert seen[1] - seen[2] == {*named("admin", "direct")}
        assert seen[2] == {*named("student", "direct"), *named("ta", "direct")}
        assert seen[-1001] == {*named("student", "groups"), *named("ta", "groups")}


def test_who_was_granted_a_role_has_its_menu_and_who_lost_it_has_that_of_all() -> None:
    [menu] = menus(COURSE, ("zh",), STAFF, {"telegram:3": "admin", "telegram:4": "student"})
    assert menu.corners[3] == menu.corners[1]
    assert menu.corners[4] == []
