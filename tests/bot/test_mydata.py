"""What is held of a person, as it is told to them."""

from zoneinfo import ZoneInfo

import pytest

from bot import mydata
from memory.base import Personal, Receipt, Turn

ZONE = ZoneInfo("Asia/Shanghai")
HERE = "web:room::web%3A1"


def turn(id: str, question: str) -> Turn:
    return Turn(id, question, "", 1_700_000_000.0, sender="web:1")


def shown(personal: Personal, language: str = "zh", number: int = 1) -> str:
    return mydata.page(personal, "web:1", HERE, number, language, ZONE)


PERSONAL = Personal(
    {HERE: (turn("m1", "in a conversation"),)},
    {},
    {},
    items=(turn("m2", "for the staff"),),
    entries=(turn("m1", "in a conversation"), turn("m3", "long ago")),
    remarks=(turn("m4", "in a group"),),
)


def test_what_is_kept_for_the_staff_is_counted_like_all_else() -> None:
    assert mydata.extent(PERSONAL) == Receipt(1, 1, items=1, entries=2, remarks=1)
    assert not mydata.is_nothing(Receipt(remarks=1))
    assert mydata.is_nothing(Receipt(waiting=1))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_receipt_counts_everything_in_its_order(language: str) -> None:
    lines = mydata.counted(Receipt(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, ("card",), (12,)), language)
    assert [int("".join(filter(str.isdigit, line))) for line in lines] == list(range(1, 12))


@pytest.mark.parametrize(
    ("language", "headings"),
    [
        ("zh", ("交给助教的问题", "提问记录", "刚才在群里的发言")),
        ("en", ("Questions handed to the staff", "Record of your questions", "What you wrote in groups")),
    ],
)
def test_what_is_kept_for_the_staff_is_shown(language: str, headings: tuple[str, ...]) -> None:
    text = shown(PERSONAL, language)
    assert all(f"**{heading}" in text for heading in headings)
    for question in ("for the staff", "long ago", "in a group"):
        assert text.count(f"- 2023-11-15 {question}") == 1


def test_a_question_that_is_on_record_is_shown_once() -> None:
    assert shown(PERSONAL).count("in a conversation") == 1


def test_how_long_everything_stays_is_said() -> None:
    for days in ("180 天", "90 天", "1 小时"):
        assert days in shown(PERSONAL)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_pages_stay_short_and_lose_nothing(language: str) -> None:
    entries = tuple(turn(f"e{number}", f"<{number}> {'long ' * 30}") for number in range(300))
    pages = [shown(Personal({}, {}, {}, entries=entries), language, number) for number in range(1, 20)]
    assert max(map(len, pages)) <= mydata.PAGE
    assert all(any(f"<{number}>" in page for page in pages) for number in range(300))
