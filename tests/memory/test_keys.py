"""Where things lie in Redis."""

import re
from importlib.resources import files

from redis.crc import key_slot

from memory import keys


def test_keys_of_one_owner_share_a_slot_of_a_cluster() -> None:
    slots = {key_slot(key.of("feishu:oc_1").encode()) for key in (keys.HISTORY, keys.VOTES)}
    assert len(slots) == 1


def test_owners_and_kinds_have_keys_of_their_own() -> None:
    owners = ("a", "a}:history", "{a}", "")
    assert len({key.of(owner) for key in (keys.HISTORY, keys.VOTES) for owner in owners}) == 8


def test_every_kind_has_its_line_and_scripts_use_no_other() -> None:
    text = files("memory").joinpath("keys.py").read_text("utf-8")
    kinds = {kind.name for kind in vars(keys).values() if isinstance(kind, keys.Key)}
    assert kinds == set(re.findall(r'^[A-Z]+ = Key\("(\w+)".*\)  # \w.*$', text, re.MULTILINE))
    scripts = (script.read_text("utf-8") for script in files("memory").joinpath("lua").iterdir())
    assert kinds >= {name for script in scripts for name in re.findall(r"\bkey\('(\w+)'", script)}
