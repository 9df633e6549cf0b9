"""A calibration says how surely a message is ours; labels move it, few of them little."""

import pytest

from rag.calibration import Calibration, fitted
from rag.lexical import Lexical
from rag.relevance import GROUNDS, SIGNS, THRESHOLD
from tests.fakes.knowledge import small_course

OURS = [
    "auto_awq 怎么量化",
    "xtuner 的 adapters 怎么合并",
    "端口转发用哪个命令",
    "结营证书怎么申请",
    "开发机掉线了",
]
OTHERS = ["今天吃什么", "谢谢大家", "周末去爬山吗", "低价出租房子", "晚安各位"]


@pytest.fixture(scope="module")
def lexical() -> Lexical:
    return small_course()


def sure(calibration: Calibration | None, queries: list[str], lexical: Lexical) -> list[float]:
    assert calibration
    return [calibration.probability(query, lexical) for query in queries]


def test_without_labels_the_courses_questions_are_told_from_other_talk(lexical: Lexical) -> None:
    assert min(sure(Calibration(), OURS, lexical)) > max(sure(Calibration(), OTHERS, lexical))
    assert max(sure(Calibration(), OTHERS, lexical)) < GROUNDS < THRESHOLD


def test_labels_make_it_surer(lexical: Lexical) -> None:
    learned = fitted((OURS + OTHERS) * 10, ([True] * 5 + [False] * 5) * 10, lexical)
    assert min(sure(learned, OURS, lexical)) > min(sure(Calibration(), OURS, lexical))
    assert max(sure(learned, OTHERS, lexical)) < max(sure(Calibration(), OTHERS, lexical))


def test_a_few_wrong_labels_do_no_harm(lexical: Lexical) -> None:
    learned = fitted(OURS + OTHERS, [False] * 5 + [True] * 5, lexical)
    assert min(sure(learned, OURS, lexical)) > max(sure(learned, OTHERS, lexical))


def test_many_labels_of_one_class_do_not_outvote_a_few_of_the_other(lexical: Lexical) -> None:
    learned = fitted(OURS * 20 + OTHERS, [True] * 100 + [False] * 5, lexical)
    before = sure(Calibration(), OTHERS, lexical)
    assert sure(learned, OTHERS, lexical) == pytest.approx(before, abs=0.005)


@pytest.mark.parametrize("label", [True, False])
def test_labels_of_one_class_teach_nothing(lexical: Lexical, label: bool) -> None:
    assert fitted(OURS, [label] * 5, lexical) is None
    assert fitted([], [], lexical) is None


def test_extreme_messages_have_a_probability(lexical: Lexical) -> None:
    for query in ("", "auto_awq " * 5000, "a" * 20_000, "1" * 20_000, "?" * 20_000, "\ud800"):
        assert 0 <= Calibration().probability(query, lexical) <= 1


def test_what_was_learned_is_stored_to_the_last_digit(lexical: Lexical) -> None:
    learned = fitted(OURS + OTHERS, [True] * 5 + [False] * 5, lexical)
    assert learned
    assert Calibration.load(learned.dump()) == learned != Calibration()


def test_a_calibration_of_other_signs_gives_way_to_the_default() -> None:
    assert Calibration.load(b'{"length": 1.5}') == Calibration()
    assert len(Calibration().weights) == len(SIGNS)


@pytest.mark.parametrize("data", [b"", b"[1.0]", b'{"always": []}', b"\xff"])
def test_what_is_no_calibration_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="weight of each sign"):
        Calibration.load(data)
