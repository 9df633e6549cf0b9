"""Passages that say nearly the same have one key, whatever process counts it."""

import subprocess
import sys

import numpy as np
import pytest

from rag import twins

LESSON = "\n".join(
    f"第 {step} 步：打开终端，输入 make step{step} 并等待它结束，然后检查输出。" for step in range(30)
)


def test_a_lesson_repeated_with_other_spaces_and_marks_is_a_twin() -> None:
    first, second = twins.keys([LESSON, LESSON.replace("，", ", ").replace("\n", "\n\n").upper()])
    assert first == second


def test_most_lessons_changed_in_one_word_are_twins() -> None:
    changed = [LESSON.replace(f"make step{step} ", f"make stage{step} ") for step in range(30)]
    assert np.mean(twins.keys(changed) == twins.keys([LESSON])) > 0.5


@pytest.mark.parametrize("other", ["安装\n见官方文档。", "", "!!!", "？？", LESSON[:200], LESSON[::-1]])
def test_what_says_something_else_is_no_twin(other: str) -> None:
    one, two, three = twins.keys([other, "量化\n见官方文档。", LESSON])
    assert len({one, two, three}) == 3


def test_keys_are_the_same_in_every_process() -> None:
    code = "from rag import twins; print(*twins.keys(['', '量化', 'a\\ud800b' * 9]))"
    seen = {subprocess.check_output([sys.executable, "-c", code]) for _ in range(2)}
    assert seen == {(" ".join(map(str, twins.keys(["", "量化", "a\ud800b" * 9]))) + "\n").encode()}


def test_no_texts_have_no_keys() -> None:
    assert twins.keys([]).shape == (0,)
    assert twins.keys(["x"]).dtype == np.int64
