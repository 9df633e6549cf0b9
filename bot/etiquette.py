"""Whether a message is the bot's to answer: what the settings of a group say of it."""

from collections.abc import Callable

from adapters.base import Message
from bot.conversations import group_settings
from bot.course import Course


class Etiquette:
    """In a direct chat everything is the bot's; in a group what is addressed to it, if it may speak there."""

    def __init__(self, course: Course, is_command: Callable[[str], bool]) -> None:
        self._course = course
        self._is_command = is_command
        self._staff = {*course.staff.admins, *course.staff.tas}

    def ours(self, message: Message) -> bool:
        """Whether to take it in. What is taken back always is: it may be waiting."""
        if message.conversation.kind == "direct" or message.withdrawn:
            return True
        if group_settings(self._course, message.conversation).mode == "quiet":
            return message.sender.id in self._staff and self._is_command(message.text)
        return message.addressed
