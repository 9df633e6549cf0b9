"""A link that the model was not given is not shown as one."""

import pytest

from rag.links import only_given

GIVEN = "See [the guide](https://course.example/guide#a) and https://course.example/faq."


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Read [this](https://course.example/guide#a).", "Read [this](https://course.example/guide#a)."),
        ("At https://course.example/faq.", "At https://course.example/faq."),
        ("[课件](http://evil.example/steal)", "课件"),
        ("![x](http://evil.example/x.png)", "x"),
        ("看 http://evil.example/a，再说", "看 …，再说"),
        ("[点我](javascript:alert)", "点我"),
        ("As in [1] and [2].", "As in [1] and [2]."),
    ],
)
def test_only_given_links_stay(said: str, shown: str) -> None:
    assert only_given(said, GIVEN) == shown


def test_an_address_that_is_being_written_is_not_doubted() -> None:
    assert only_given("At https://course.exa", GIVEN) == "At https://course.exa"
