"""Search terms: what students write and what documents say meet in them."""

import pytest

from rag.background import frequency
from rag.tokens import grams, normalised, words


def test_chinese_is_cut_into_words_and_into_pairs() -> None:
    assert words("模型量化") == ["模型", "量化"]
    assert grams("量化吗") == ["量", "化", "吗", "量化", "化吗"]


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("--quant-policy", {"quant-policy", "quant", "policy"}),
        ("lmdeploy.lite", {"lmdeploy.lite", "lmdeploy", "lite"}),
        ("CUDA_VISIBLE_DEVICES", {"cuda_visible_devices", "cuda", "visible", "devices"}),
        ("internlm2", {"internlm2", "internlm"}),
        ("/models/chat-7b", {"models/chat-7b", "models", "chat-7b", "chat", "7b"}),
        ("用v0.17.1版", {"用", "版", "v0.17.1", "v0", "17", "1"}),
    ],
)
def test_names_flags_paths_and_versions_are_found_whole_and_in_parts(written: str, found: set[str]) -> None:
    assert set(words(written)) == found


def test_full_width_case_and_hidden_characters_make_no_difference() -> None:
    assert normalised("ＬＭＤｅｐｌｏｙ\u200b\ufeff\ud800！") == "lmdeploy!"


@pytest.mark.parametrize("text", ["", "  ", "\u200b", "？！……", "😀", "\ud83d"])
def test_what_has_no_words_has_no_terms(text: str) -> None:
    assert words(text) == grams(text) == []


def test_everyday_words_are_common_and_technical_ones_are_not() -> None:
    assert frequency("我们") > frequency("模型") > frequency("显存")
    assert frequency("how") > frequency("lmdeploy")
