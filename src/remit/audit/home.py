"""Whose log it is: keys say which partition made them, and some are made nowhere but at home.

Keys of other partitions are in a log as well: definitions and deployments (partition 1 makes them),
subscriptions that wait for a message here, messages that come from elsewhere, and what clients name in
vain. So only the kinds of record below are looked at.
"""

from __future__ import annotations

import msgspec
from msgspec import Raw

from remit.authority.verify import Finding
from remit.base.keys import partition_of
from remit.partition.log import read_turn
from remit.protocol.events.deployment import DeploymentCreated
from remit.protocol.events.governance import RevocationsChanged
from remit.protocol.events.message import MessagePublished
from remit.protocol.events.process_instance import ElementActivating

MADE_AT_HOME = (ElementActivating, MessagePublished, DeploymentCreated, RevocationsChanged)
"""The partition in whose log such a record is has made its key."""

ANY = 0


class Home:
    """The log of `partition`; nothing is found in the log of `ANY`.

    Once `is_known` whose log it is, turns that nothing else is asked about need no look.
    """

    def __init__(self, partition: int = ANY) -> None:
        self._partition = partition
        self._seen = partition
        self.is_known = partition == ANY

    def look(self, raw: Raw) -> list[Finding]:
        """At all records of a turn. What can't be read is told by those who have to."""
        try:
            turn = read_turn(bytes(raw))
        except msgspec.DecodeError:
            return []
        return [
            found
            for position, event in enumerate(turn.events, turn.position + 1)
            if isinstance(event, MADE_AT_HOME)
            for found in self.made(position, event.key)
        ]

    def made(self, position: int, key: int) -> tuple[Finding, ...]:
        """A record about what was made at home; told of once as long as it goes on like this."""
        self.is_known = True
        partition = partition_of(key)
        if partition == self._seen or self._partition == ANY:
            return ()
        self._seen = partition
        if partition == self._partition:
            return ()
        text = (
            f"the record is about key {key}, which partition {partition} has made: from here on this is "
            f"the log of partition {partition} in the place of that of partition {self._partition}"
        )
        return (Finding(position, "partition", text),)
