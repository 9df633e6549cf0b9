"""Every answer becomes something to read, in the asker's language."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import get_args

import pytest

from adapters.base import Button, Conversation, Flaw, Message, Reply, Sender, Unreadable
from bot.keeping import turn
from bot.phrases import CHINESE, ENGLISH
from bot.replies import (
    answer_buttons,
    answer_text,
    attachment_text,
    lost,
    not_taken_back,
    picture_text,
    reason_buttons,
    shown,
    spoken,
    turn_buttons,
    unreadable_text,
    vote_buttons,
)
from memory.base import Turn
from rag.pictures import Reason
from rag.types import Answer, Notice, Outcome

CHAT = Conversation("telegram", "-1", "group")
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def answer(text: str, notice: Notice, outcome: Outcome = "answered") -> Answer:
    return Answer(text, (), outcome, "question", notice)


def test_who_waits_for_the_model_hears_that_it_is_still_tried() -> None:
    assert answer_text(answer("", "waiting"), "zh") == CHINESE.waiting
    assert answer_text(answer("", "waiting"), "en") == ENGLISH.waiting
    assert answer_text(answer("so far", "waiting"), "en") == f"{ENGLISH.waiting}\n\nso far"


def test_the_askers_own_words_are_told_back_as_such() -> None:
    told = answer_text(answer("- 我用 Windows", "remembered", "quoted"), "zh")
    assert told == "你之前说过：\n\n- 我用 Windows"
    assert answer_text(answer("", "remembered", "no_evidence"), "en") == ENGLISH.nothing_remembered


def test_what_an_answers_use_depends_on_stands_above_it() -> None:
    told = replace(answer("Quote", "no_model", "quoted"), told="- my gpu is a 3060")
    assert answer_text(told, "en") == "\n\n".join(
        [ENGLISH.remembered, "- my gpu is a 3060", ENGLISH.no_model, "Quote"]
    )


def test_an_answer_in_a_models_words_stands_alone() -> None:
    assert answer_text(answer("yes", ""), "en") == "yes"
    assert answer_text(answer("", "", "no_evidence"), "en") == ENGLISH.no_evidence


@pytest.mark.parametrize("reason", get_args(Reason))
def test_a_picture_that_cannot_be_read_is_told_what_to_do(reason: Reason) -> None:
    for language in ("zh", "en"):
        assert re.search(r"\{|None", said := picture_text(reason, language)) is None
        assert "请" in said if language == "zh" else "lease" in said


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_cannot_be_read_is_told_what_to_send_instead(language: str) -> None:
    kinds = [unreadable_text(kind, language) for kind in get_args(Unreadable)]
    flaws = [attachment_text(flaw, language) for flaw in get_args(Flaw)]
    assert len({*kinds, *flaws}) == len(kinds) + len(flaws) - 1  # a file of a wrong kind is in both


@pytest.mark.parametrize(
    ("set_to", "language"), [("zh-hans", "zh"), ("en-GB", "en"), ("EN", "en"), ("de", "en"), ("", "zh")]
)
def test_who_has_said_nothing_is_spoken_to_in_the_language_of_their_client(
    set_to: str, language: str
) -> None:
    assert spoken(set_to, ("zh", "en")) == language
    assert spoken(set_to, ("en",)) == "en"


def test_only_a_models_answer_offers_more() -> None:
    def labels(notice: Notice, outcome: Outcome) -> list[str]:
        return [one.label for one in answer_buttons("web:1", answer("", notice, outcome), "en")]

    assert labels("", "answered") == ["👍", "👎", "More detail"]
    assert labels("no_model", "quoted") == labels("", "no_evidence") == labels("", "not_ours") == ["👍", "👎"]
    for notice in ("greeting", "thanks", "noted", "complaint"):
        assert labels(notice, "answered") == []


@pytest.mark.parametrize(("notice", "count"), [("", 3), ("model_down", 2), ("thanks", 0)])
def test_an_answer_that_is_kept_has_the_buttons_it_had(notice: Notice, count: int) -> None:
    given = answer("yes", notice)
    kept = turn("web:1", "how", 0.0, "yes", given, "web:ann")
    assert turn_buttons(kept, "zh") == answer_buttons("web:1", given, "zh")
    assert len(turn_buttons(kept, "zh")) == count


@pytest.mark.parametrize("trace", ["", "{", "[]", "{}", "null"])
def test_an_answer_whose_trace_says_nothing_can_be_voted_for(trace: str) -> None:
    assert turn_buttons(Turn("web:1", "how", "yes", 0, trace=trace), "zh") == vote_buttons("web:1")


@pytest.mark.parametrize(
    ("text", "label"), [("好的，先安装", "再发一次"), ("First install", "Send it again")]
)
def test_who_may_not_have_got_an_answer_can_have_it_again_in_its_language(text: str, label: str) -> None:
    note, button = lost(Reply(CHAT, text, in_reply_to="telegram:-1:2"))
    assert note in (CHINESE.lost, ENGLISH.lost)
    assert button == Button(label, "/again telegram:-1:2")


@pytest.mark.parametrize(
    ("text", "said"), [(CHINESE.recalled, CHINESE.recall_failed), (ENGLISH.recalled, ENGLISH.recall_failed)]
)
def test_an_answer_that_stays_is_not_said_to_be_gone(text: str, said: str) -> None:
    assert not_taken_back(Reply(CHAT, text)).text == said


def test_a_press_of_a_button_is_shown_as_what_stood_on_it() -> None:
    for text, words in (("/more web:1", "再详细一点"), ("/again web:1", "再发一次"), ("how", "how")):
        assert shown(Message("web:2", CHAT, Sender("web:ann"), text, NOW), "zh") == words


def test_every_button_fits_into_what_telegram_carries_with_one() -> None:
    group, press = f"telegram:{-(10**15)}:{2**31}", f"telegram:press:{2**64}"
    for message_id in (group, press):
        buttons = answer_buttons(message_id, answer("", ""), "zh") + reason_buttons(message_id, "zh")
        for button in (*buttons, lost(Reply(CHAT, "", in_reply_to=message_id))[1]):
            assert len(button.command.encode()) <= 64
