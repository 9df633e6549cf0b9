"""Where things lie in Redis."""

from redis.crc import key_slot

from memory import keys


def test_keys_of_one_owner_share_a_slot_of_a_cluster() -> None:
    slots = {key_slot(key.of("feishu:oc_1").encode()) for key in (keys.HISTORY, keys.VOTES)}
    assert len(slots) == 1


def test_owners_and_kinds_have_keys_of_their_own() -> None:
    owners = ("a", "a}:history", "{a}", "")
    assert len({key.of(owner) for key in (keys.HISTORY, keys.VOTES) for owner in owners}) == 8
