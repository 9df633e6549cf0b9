"""Short messages in a row are one question; what waited too long is not answered out of the blue."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from adapters.base import Conversation, File, Image, Message, Sender
from bot.assistant import QUESTION_LIMIT
from bot.batch import SHORT, Batch, next_batch
from bot.course import Limits
from bot.letters import Memo, Unreadable, to_body
from memory.mail import Letter

BEGUN = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
PICTURE = Image("image/png", b"png")
LOG = File("train.log", "OOM")


def message(
    text: str,
    at: float = 0.0,
    id: str = "",
    who: str = "ann",
    thread: str = "",
    images: tuple[Image, ...] = (),
    quoted: str = "",
    edited: bool = False,
    addressed: bool = True,
    files: tuple[File, ...] = (),
) -> Message:
    """A message sent `at` seconds after the others began; its id is its text, unless it has one."""
    place = Conversation("board", "c", "group", thread)
    sent_at = BEGUN + timedelta(seconds=at)
    id = id or text
    return Message(id, place, Sender(who), text, sent_at, addressed, images, quoted, edited, files=files)


def batch(
    *messages: Message,
    memo: Memo | None = None,
    after: float = 5.0,
    window: float = 1.5,
    sent: str = "",
    sent_ids: Sequence[str] = (),
) -> Batch:
    """What is made of these letters `after` seconds; the first one's reply stands at `sent` already."""
    places = [sent, *sent_ids, *[""] * len(messages)]
    letters = [
        Letter(one.id, "board:c", to_body(one), one.sent_at.timestamp(), place)
        for one, place in zip(messages, places, strict=False)
    ]
    limits = Limits(merge_seconds=window, late_minutes=30)
    return next_batch(letters, memo, BEGUN + timedelta(seconds=after), limits, is_command)


def is_command(text: str) -> bool:
    """What has words behind it may be a question, as that of /ask."""
    return text.startswith("/") and " " not in text


def test_one_letter_is_answered_as_it_is() -> None:
    alone = message("how", images=(PICTURE,), quoted="q")
    assert batch(alone) == Batch(alone, ("how",))


def test_short_messages_in_a_row_are_one_question() -> None:
    made = batch(message("how"), message("to quantise", 1.5), message("on windows", 2.9), message("x", 9.0))
    assert made.message == message("how\nto quantise\non windows", 2.9, id="how")
    assert made.letter_ids == ("how", "to quantise", "on windows")
    assert made.merged == ("to quantise", "on windows")
    assert (made.sent_id, made.handling) == ("", "answer")


def test_a_question_has_the_pictures_of_all_its_parts_and_the_first_quote() -> None:
    made = batch(
        message("see", images=(PICTURE,), addressed=False),
        message("this", 1, images=(PICTURE,), quoted="q1"),
        message("here", 2, quoted="q2"),
    )
    assert made.message.images == (PICTURE, PICTURE)
    assert made.message.quoted == "q1"
    assert made.message.addressed


@pytest.mark.parametrize(
    "following",
    [
        message("two", 1.6),
        message("two", -0.1),
        message("two", 1, who="bob"),
        message("two", 1, thread="t"),
        message("/help", 1),
        message("two", 1, edited=True),
        message("x" * (SHORT + 1), 1),
    ],
)
def test_what_is_no_part_of_the_same_question_waits_for_its_turn(following: Message) -> None:
    assert batch(message("one"), following) == Batch(message("one"), ("one",))


def test_whole_questions_in_a_row_are_answered_one_by_one() -> None:
    made = batch(message("怎么装？"), message("在哪下载？", 0.5), message("Windows 上", 1.0))
    assert made.message.text == "怎么装？"
    assert batch(message("怎么装？"), message("Windows 上", 0.5)).merged == ("Windows 上",)


def test_nothing_is_added_to_what_is_no_text() -> None:
    voice = replace(message("", id="v"), unreadable="voice")
    assert batch(voice, message("怎么装", 0.5)).merged == ()


@pytest.mark.parametrize("first", [message("/help"), message("one", edited=True), message("x" * (SHORT + 1))])
def test_a_command_an_edited_and_a_long_message_are_alone(first: Message) -> None:
    assert batch(first, message("two", 1)).letter_ids == (first.id,)


@pytest.mark.parametrize("first", ["how", "x" * (SHORT + 1), "/ask how"])
def test_pictures_and_files_without_words_belong_to_the_question_before(first: str) -> None:
    album = message(first, images=(PICTURE,))
    made = batch(album, message("", 0, id="p2", images=(PICTURE,)), message(" ", 1, id="f", files=(LOG,)))
    assert made.merged == ("p2", "f")
    assert (made.message.images, made.message.files) == ((PICTURE, PICTURE), (LOG,))
    assert made.message.text.strip() == first


def test_pictures_also_complete_a_long_question_that_was_just_answered() -> None:
    memo = Memo(message("x" * (SHORT + 1), id="long"), "s1")
    made = batch(message("", 1, id="p2", images=(PICTURE,)), memo=memo)
    assert (made.message.id, made.merged, made.sent_id) == ("long", ("p2",), "s1")


@pytest.mark.parametrize(
    "following",
    [
        message("", 1.6, id="p2", images=(PICTURE,)),
        message("", 1, id="p2", images=(PICTURE,), who="bob"),
        message("", 1, id="p2", images=(PICTURE,), edited=True),
        message("", 1, id="p2"),
        message("and this", 1, id="p2", images=(PICTURE,)),
    ],
)
def test_what_else_follows_a_long_question_is_one_of_its_own(following: Message) -> None:
    assert batch(message("x" * (SHORT + 1), id="long"), following).letter_ids == ("long",)


@pytest.mark.parametrize("first", ["/help", "谢谢"])
def test_a_picture_after_what_is_no_question_is_one_of_its_own(first: str) -> None:
    made = batch(message(first), message("", 1, id="p2", images=(PICTURE,)))
    assert made.letter_ids == (first,)


def test_a_command_that_asks_may_be_gone_on_with_and_goes_on_with_nothing() -> None:
    assert batch(message("/ask how"), message("on windows", 1)).message.text == "/ask how\non windows"
    assert batch(message("how"), message("/ask why", 1)).letter_ids == ("how",)
    assert batch(message("/ask how"), message("/more web:1", 1)).letter_ids == ("/ask how",)


def test_without_a_window_nothing_is_merged() -> None:
    assert batch(message("one"), message("two"), window=0).letter_ids == ("one",)


def test_a_question_does_not_grow_too_long_to_be_answered() -> None:
    made = batch(*(message("x" * SHORT, at, id=f"m{at}") for at in range(60)))
    assert QUESTION_LIMIT - 2 * SHORT < len(made.message.text) <= QUESTION_LIMIT


def test_a_half_shown_reply_goes_on_where_it_stands_and_takes_no_other_one_in() -> None:
    assert batch(message("one"), message("two", 1), sent="s1").sent_id == "s1"
    made = batch(message("one"), message("two", 1), sent_ids=["s2"])
    assert (made.letter_ids, made.sent_id) == (("one",), "")


def test_an_edited_question_is_answered_anew_in_its_place() -> None:
    edited = message("how, really", 60, id="how", edited=True)
    assert batch(edited, sent="s1") == Batch(edited, ("how",), sent_id="s1")


def test_a_short_message_completes_the_question_that_was_just_answered() -> None:
    memo = Memo(message("how\nto", 1, id="how"), "s1", ("to",))
    made = batch(message("quantise", 2), message("it", 3), memo=memo)
    assert made.message == message("how\nto\nquantise\nit", 3, id="how")
    assert made.letter_ids == ("quantise", "it")
    assert made.merged == ("to", "quantise", "it")
    assert made.sent_id == "s1"


def test_a_merged_question_may_be_completed_though_it_is_long_by_now() -> None:
    memo = Memo(message("x" * 2 * SHORT, id="a"), "s1", ("b",))
    assert batch(message("more", 1), memo=memo).merged == ("b", "more")


@pytest.mark.parametrize(
    "memo",
    [
        Memo(message("one"), ""),
        Memo(message("one", -1), "s1"),
        Memo(message("one", who="bob"), "s1"),
        Memo(message("one", edited=True), "s1"),
        Memo(message("x" * (SHORT + 1)), "s1"),
    ],
)
def test_what_does_not_complete_the_answered_question_is_a_new_one(memo: Memo) -> None:
    assert batch(message("two", 1), message("three", 2), memo=memo) == batch(
        message("two", 1), message("three", 2)
    )


def test_a_reply_of_its_own_is_not_given_up_for_the_one_before() -> None:
    made = batch(message("two", 1), memo=Memo(message("one"), "s1"), sent="s2")
    assert (made.message.text, made.sent_id) == ("two", "s2")


def test_late_questions_get_one_note_below_the_newest() -> None:
    old, older = message("old", 400), message("older", 200, edited=True)
    made = batch(message("x" * 300, id="oldest"), older, old, message("new", 1000), after=2300)
    assert made == Batch(old, ("oldest", "older", "old"), ("oldest", "older"), handling="late")


@pytest.mark.parametrize(
    "following", [message("two", 60, who="bob"), message("/help", 60), message("two", 60, thread="t")]
)
def test_a_late_note_is_for_one_person_in_one_place_and_for_no_command(following: Message) -> None:
    made = batch(message("one"), following, after=7200)
    assert (made.letter_ids, made.handling) == (("one",), "late")


def test_after_a_day_there_is_silence() -> None:
    assert batch(message("one"), message("two", 60), after=86_461) == Batch(
        message("two", 60), ("one", "two"), ("one",), handling="silent"
    )
    assert batch(message("one"), message("two", 60), after=86_459).handling == "late"


def test_late_is_what_waited_longer_than_the_course_says() -> None:
    assert batch(message("one"), after=1800).handling == "answer"
    assert batch(message("one"), after=1801).handling == "late"


@pytest.mark.parametrize("after", [7200, 100_000])
def test_a_command_and_what_was_shown_in_part_are_never_late(after: float) -> None:
    assert batch(message("/help"), after=after).handling == "answer"
    assert batch(message("one"), after=after, sent="s1").handling == "answer"
    assert batch(message("one"), message("two", 60), after=after, sent_ids=["s2"]).letter_ids == ("one",)
    memo = Memo(message("one"), "s1")
    assert batch(message("two", 1), memo=memo, after=after).handling == "answer"


def test_a_letter_that_cannot_be_read_is_told_when_its_turn_comes() -> None:
    first = Letter("one", "board:c", to_body(message("one")), 0)
    broken = Letter("two", "board:c", "[2]", 1)
    limits = Limits()
    assert next_batch([first, broken], None, BEGUN, limits, str.isspace).letter_ids == ("one",)
    with pytest.raises(Unreadable):
        next_batch([broken, first], None, BEGUN, limits, str.isspace)


@pytest.mark.parametrize("text", ["谢谢", "/satus", "ok"])
def test_a_courtesy_and_a_misspelt_command_are_no_part_of_a_question(text: str) -> None:
    assert batch(message("lmdeploy 怎么量化"), message(text, 0.5)).letter_ids == ("lmdeploy 怎么量化",)


def test_replies_to_two_messages_are_two_things() -> None:
    one, other = (replace(message(id, 0.1 * len(id)), reply_to=(id,)) for id in ("a", "bb"))
    assert batch(one, other).letter_ids == ("a",)
    assert batch(other, memo=Memo(one, "s1")).letter_ids == ("bb",)
    assert batch(one, replace(other, reply_to=("a",))).letter_ids == ("a", "bb")
    assert batch(message("a"), message("bb", 0.1)).letter_ids == ("a", "bb")


def test_what_is_timeless_is_never_late() -> None:
    one = message("12 月 1 日发")
    letter = Letter(one.id, "board:c", to_body(one), one.sent_at.timestamp())
    after = BEGUN + timedelta(days=2)
    assert next_batch([letter], None, after, Limits(), is_command, lambda _: True).handling == "answer"
    assert next_batch([letter], None, after, Limits(), is_command).handling == "silent"
