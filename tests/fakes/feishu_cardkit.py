"""The calls of the fake Feishu server that make card entities and change them: CardKit v1."""

from tests.fakes import feishu_card_rules as rules
from tests.fakes.feishu_room import Entity, World, dumped
from tests.fakes.feishu_wire import Call, Piece, Refused, parsed, violated

LIVES_FOR = 14 * 24 * 3600
LONGEST_CONTENT = 100_000
LONGEST_UUID = 64


def create(world: World, call: Call) -> Piece:
    entity = Entity(world.fresh("73"), _card(world, call.body), world.clock())
    _set_streaming(entity, entity.card, world.clock())
    world.entities[entity.id] = entity
    return {"card_id": entity.id}


def update(world: World, call: Call) -> Piece:
    """All of it."""
    entity = _entity(world, call)
    card = _card(world, call.table("card"))
    _operate(entity, call)
    entity.card = card
    _set_streaming(entity, card, world.clock())
    return {}


def settings(world: World, call: Call) -> Piece:
    """Only what is below `config` has an effect."""
    entity = _entity(world, call)
    given = parsed(call.needed("settings"), 200220)
    config = given.get("config") or {}
    if config.get("update_multi") is False:
        raise Refused(300302)
    card = {**entity.card, "config": {**entity.card.get("config", {}), **config}}
    rules.check(card, world.files, world.people)
    _operate(entity, call)
    entity.card = card
    open_already = config.get("streaming_mode") is True and entity.streams(world.clock())
    if "streaming_mode" in config and (world.reopening_extends or not open_already):
        _set_streaming(entity, card, world.clock())
    return {}


def content(world: World, call: Call) -> Piece:
    """The whole text of an element, while the card is streaming."""
    entity = _entity(world, call)
    text = call.text("content", LONGEST_CONTENT)
    if not text:
        raise violated("content", "the min len is 1")
    if entity.streaming_since is None or entity.detached:
        raise Refused(300309)
    if not entity.streams(world.clock()):
        entity.streaming_since = None
        entity.card = {**entity.card, "config": {**entity.card["config"], "streaming_mode": False}}
        raise Refused(200850)
    element = _element(entity, call)
    if element["tag"] not in rules.TEXTS:
        raise Refused(300310)
    _replace(world, call, entity, {**element, "content": text})
    return {}


def put_element(world: World, call: Call) -> Piece:
    entity = _entity(world, call)
    _element(entity, call)
    given = parsed(call.needed("element"), 200220)
    _replace(world, call, entity, {"element_id": call.ids["element_id"], **given})
    return {}


def patch_element(world: World, call: Call) -> Piece:
    entity = _entity(world, call)
    element, given = _element(entity, call), parsed(call.needed("partial_element"), 200220)
    if given.get("tag", element["tag"]) != element["tag"]:
        raise Refused(300312)
    _replace(world, call, entity, {**element, **given})
    return {}


def delete_element(world: World, call: Call) -> Piece:
    entity = _entity(world, call)
    _element(entity, call)
    _replace(world, call, entity, None)
    return {}


def streams_on(world: World, call: Call) -> bool:
    """Whether a call is about a card in streaming mode, which has no limit of its own."""
    entity = world.entities.get(call.ids.get("card_id", ""))
    return bool(entity and entity.streams(world.clock()))


def _card(world: World, given: Piece) -> Piece:
    """The card of a call's `type` and `data`, checked."""
    if given.get("type") != "card_json":
        raise Refused(10002, "type is not card_json")
    if not isinstance(given.get("data"), str):
        raise violated("data", "data is required and a string")
    card = parsed(given["data"], 200220)
    _check(world, card)
    return card


def _check(world: World, card: Piece) -> None:
    try:
        rules.check(card, world.files, world.people)
    except rules.Flawed as flawed:
        # Too many tables are told as they are of messages.
        raise flawed.in_message if flawed.sub == 11310 else flawed from None
    for word, code in world.forbidden.items():
        if word in dumped(card):
            raise Refused(code)


def _entity(world: World, call: Call) -> Entity:
    entity = world.entities.get(call.ids["card_id"])
    if entity is None:
        raise Refused(200740)
    if world.clock() > entity.made_at + LIVES_FOR:
        raise Refused(200750)
    if entity.pressed:
        raise Refused(200810)
    return entity


def _element(entity: Entity, call: Call) -> Piece:
    element = rules.element(entity.card, call.ids["element_id"])
    if element is None:
        raise Refused(300313, f"not find elementID {call.ids['element_id']}")
    return element


def _operate(entity: Entity, call: Call) -> None:
    """Count an operation, which is done once and in order."""
    uuid, sequence = call.text("uuid", LONGEST_UUID), call.number("sequence")
    if uuid and uuid in entity.uuids:
        raise Refused(200770)
    if sequence <= entity.sequence:
        raise Refused(300317, f"{sequence} after {entity.sequence}")
    if entity.detached:
        raise Refused(300309)
    entity.sequence = sequence
    entity.uuids.add(uuid)


def _replace(world: World, call: Call, entity: Entity, new: Piece | None) -> None:
    """Another element, or none, in the place of that the call is about."""
    card = _replaced(entity.card, call.ids["element_id"], new)
    assert isinstance(card, dict)
    _check(world, card)
    _operate(entity, call)
    entity.card = card


def _replaced(part: object, element_id: str, new: Piece | None) -> object:
    if isinstance(part, list):
        gone = [one for one in part if isinstance(one, dict) and one.get("element_id") == element_id]
        return [_replaced(one, element_id, new) for one in part if new is not None or one not in gone]
    if not isinstance(part, dict):
        return part
    if part.get("element_id") == element_id:
        return new
    return {name: _replaced(value, element_id, new) for name, value in part.items()}


def _set_streaming(entity: Entity, card: Piece, now: float) -> None:
    on = (card.get("config") or {}).get("streaming_mode") is True
    entity.streaming_since = now if on else None
