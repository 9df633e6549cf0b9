"""Whose memory a message belongs to."""

import pytest

from adapters.base import Conversation, Sender
from bot.conversations import belongs_to, conversation_key
from bot.course import MemoryScope

ANN, BOB = Sender("feishu:ou_ann"), Sender("feishu:ou_bob")
GROUP = Conversation("feishu", "oc_1", "group")
THREAD = Conversation("feishu", "oc_1", "group", "omt_1")


def test_members_of_a_group_do_not_share_a_memory() -> None:
    assert conversation_key(GROUP, ANN, "member") != conversation_key(GROUP, BOB, "member")


def test_a_thread_is_shared_where_the_group_wants_it() -> None:
    assert conversation_key(THREAD, ANN, "thread") == conversation_key(THREAD, BOB, "thread")
    assert conversation_key(THREAD, ANN, "thread") != conversation_key(GROUP, ANN, "thread")


def test_a_chat_is_one_memory_over_its_threads_where_the_group_wants_it() -> None:
    assert conversation_key(THREAD, ANN, "chat") == conversation_key(GROUP, BOB, "chat")


@pytest.mark.parametrize("scope", ["member", "thread", "chat"])
def test_a_direct_chat_is_nobody_elses(scope: MemoryScope) -> None:
    direct = Conversation("feishu", "oc_1", "direct")
    keys = {conversation_key(GROUP, ANN, scope), conversation_key(direct, ANN, scope)}
    assert conversation_key(direct, BOB, scope) not in keys


def test_no_id_can_be_made_to_look_like_anothers_key() -> None:
    sly = Conversation("web", "a:b", "direct")
    plain = Conversation("web", "a", "direct", "b")
    assert conversation_key(sly, Sender("x"), "member") != conversation_key(plain, Sender(":x"), "member")


def test_only_what_nobody_shares_is_a_persons_own() -> None:
    assert belongs_to(conversation_key(THREAD, ANN, "member"), ANN.id)
    assert not belongs_to(conversation_key(THREAD, BOB, "member"), ANN.id)
    for shared in ("thread", "chat"):
        assert not belongs_to(conversation_key(THREAD, ANN, shared), ANN.id)
