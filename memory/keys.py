"""Every key in Redis, one line each, with how long it stays.

A cluster places a key by what stands in the braces. All that belongs to the conversations of one chat
lies in the chat's partition, so that one script may touch it: `puyu:{5}:history:CONVERSATION`. What
belongs to a person lies by the person: `puyu:{feishu:ou_1}:votes`; what belongs to no chat and no person,
and all that is kept for the staff, lies by the course: `puyu:{course}:approved`.

A conversation is named `platform:chat`, or that and more parts behind further colons.
"""

from dataclasses import dataclass
from datetime import timedelta
from zlib import crc32

COURSE = "course"  # an owner; people have a colon in their names
PARTITIONS = 8  # what is stored lies by it: with another number nothing is found again
WAKE = "puyu:wake"  # channel: the partition in which a conversation has become ready
PAGES = "puyu:pages"  # channel: what the web pages of all processes show


@dataclass(frozen=True, slots=True)
class Key:
    """A kind of key; `expiry` counts from the last write, without one it stays until it is worked off."""

    name: str
    expiry: timedelta | None = None

    @property
    def seconds(self) -> int:
        """The expiry in seconds."""
        return int(self.expiry.total_seconds()) if self.expiry else 0

    def of(self, owner: str, part: str = "") -> str:
        """The key of this person, or of the course; or of a part of what lies there."""
        return f"{prefix(owner)}:{self.name}" + (f":{part}" if part else "")

    def within(self, partition: int, owner: str = "") -> str:
        """The key of a partition, or of a conversation, a chat or a message in it."""
        return f"{prefix(partition)}:{self.name}" + (f":{owner}" if owner else "")


def prefix(owner: int | str) -> str:
    """What the keys of a partition, of a person or of the course begin with."""
    return f"puyu:{{{owner}}}"


def partition(conversation: str) -> int:
    """Where all conversations of this one's chat lie."""
    return crc32(":".join(conversation.split(":")[:2]).encode(errors="backslashreplace")) % PARTITIONS


# Of a conversation. The first three expire together.
HISTORY = Key("history", timedelta(days=30))  # list: its newest turns, oldest first; also before a new start
META = Key("meta", HISTORY.expiry)  # hash: summary, and where turns were dropped, begun anew and summed up
FACTS = Key("facts", HISTORY.expiry)  # list: what people said of themselves in it, by date
EPOCH = Key("epoch", timedelta(days=2))  # hash: since when nothing older may be written, of all and of people
MAILBOX = Key("mailbox")  # list: ids of the messages that wait, oldest first
WORK = Key("work", timedelta(hours=1))  # hash: who has it in hand, what is committed; expires when idle
TOLD = Key("told", timedelta(minutes=1))  # flag: it was said that the mailbox is full

# Of a message.
MESSAGE = Key("message", timedelta(hours=49))  # hash: conversation; body, sender while it waits; sent id

# Of a chat.
POSTS = Key("posts", timedelta(days=30))  # hash: what the bot posted there by itself, by its id

# Of a partition.
LEASES = Key("leases")  # sorted set: conversations in hand or paused, by when that ends in Unix ms
READY = Key("ready")  # list per platform: chats with conversations that are ready, whose turn is next first
QUEUE = Key("queue")  # list per chat: its conversations that are ready
WAITING = Key("waiting")  # number of messages in all mailboxes
PROBE = Key("probe", timedelta(minutes=1))  # flag: Redis takes something in
FENCE = Key("fence")  # counter of leases
DEAD = Key("dead")  # stream: messages that could not be answered; the newest thousand

# Of a person in a partition. Turns and facts are dropped some days before this leads to them no more.
CONVERSATIONS = Key("conversations", timedelta(days=425))  # set: those in which something of theirs is kept

# Of a person.
VOTES = Key("votes", timedelta(days=180))  # hash: message id -> up or down, and why
ASKED = Key("asked", timedelta(days=1))  # sorted set: ids of questions by Unix seconds; a group's too
REFUSED = Key("refused", timedelta(minutes=1))  # per chat: id of the first question refused in a minute

# Of what is done by the clock.
SLOT = Key("slot", timedelta(days=2))  # the slot that was taken last, and by whom

# Of what one process does at a time.
HOLDER = Key("holder")  # which process does it; expires unless that one holds on to it

# Of the course.
APPROVED = Key("approved")  # hash: id -> question and answer that the staff approved; until withdrawn
MARK = Key("mark")  # counter of its changes

# For the staff, by the course.
FORGOTTEN = Key("forgotten", EPOCH.expiry)  # of a person, also by them: since when they are forgotten
RULES = Key("rules")  # hash: what the staff has set while the bot runs
RELOADS = Key("reloads", timedelta(days=2))  # set: the messages by which course.toml was read again
DEEDS = Key("deeds")  # hash: id -> a line of the audit log; the newest ten thousand
AUDIT = Key("audit")  # sorted set: their ids by Unix seconds
ENTRY = Key("entry", timedelta(days=90))  # hash of a message: its entry in the journal, whose, and where
ENTRIES = Key("entries", ENTRY.expiry)  # sorted set of all, and by person: ids by Unix seconds
VOTERS = Key("voters", VOTES.expiry)  # sorted set: people by Unix seconds of their last vote
SILENCES = Key("silences", ENTRY.expiry)  # hash of a day: chat -> how many messages were left alone
SILENT = Key("silent", MESSAGE.expiry)  # set of a day: ids of those that are counted
REMARK = Key("remark", timedelta(hours=1))  # hash of a message: what was written in a group, whose, and where
REMARKS = Key("remarks", REMARK.expiry)  # sorted set by place, and by person: ids by Unix seconds
ANSWERED = Key("answered", timedelta(days=1))  # sorted set by place: who was answered unasked, and when
NUMBER = Key("number")  # the number of the newest item at the desk
ITEM = Key("item", timedelta(days=180))  # hash: an item, and what opened it; all of it from its last change
ITEMS = Key("items", ITEM.expiry)  # set by state: numbers of items
ASKING = Key("asking", ITEM.expiry)  # set by person: numbers of the items that are theirs
OPENED = Key("opened", ITEM.expiry)  # number of the item that a cause and a message opened
SHOWN = Key("shown", ITEM.expiry)  # number of the item that a message in the staff's chat belongs to
CARDS = Key("cards", ITEM.expiry)  # set of an item: ids of these messages
LEFT = Key("left", timedelta(days=2))  # hash of a wish to be forgotten: items that were left -> what to do
