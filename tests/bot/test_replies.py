"""Every answer becomes something to read, in the asker's language."""

import re
from dataclasses import replace
from typing import get_args

import pytest

from bot.replies import CHINESE, ENGLISH, answer_text, picture_text
from rag.pictures import Reason
from rag.types import Answer, Notice, Outcome


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
