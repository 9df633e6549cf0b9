"""The menu at Telegram names the commands that work there, as Telegram takes them."""

import re

from bot.menu import menus


def test_the_menu_is_the_table_of_commands_in_each_language() -> None:
    chinese, english = menus("书生·浦语", ("zh", "en"))
    assert [one.language for one in (chinese, english)] == ["zh", "en"]
    assert [one.name for one in chinese.groups] == ["ask", "help", "new", "sources", "recall", "forget"]
    assert {one.name for one in chinese.direct} - {one.name for one in chinese.groups} == {"mydata"}
    assert chinese.direct[1].description == "看看我能做什么"
    assert english.direct[1].description == "See what I can do"


def test_telegram_takes_what_the_menu_holds() -> None:
    for menu in menus("a course with a name of sixty characters, which is rather much", ("zh", "en")):
        assert len(menu.about) <= 120
        assert len(menu.introduction) <= 512
        for entry in (*menu.direct, *menu.groups):
            assert re.fullmatch(r"[a-z0-9_]{1,32}", entry.name)
            assert 1 <= len(entry.description) <= 256
