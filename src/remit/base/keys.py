"""Keys: 13 bits of partition, 51 bits of counter (reference rule 89).

Keys are positive, ascending per partition, and say where their owner lives: a keyed command can be
routed by the key alone.
"""

PARTITION_BITS = 13
COUNTER_BITS = 51
MAX_PARTITIONS = 1 << PARTITION_BITS
COUNTER_MASK = (1 << COUNTER_BITS) - 1

assert PARTITION_BITS + COUNTER_BITS == 64

DEPLOYMENT_PARTITION = 1
"""Definitions get their keys here, and from here they are distributed."""


def first_key(partition: int) -> int:
    """The smallest key of a partition.

    >>> first_key(1)
    2251799813685249
    """
    assert 1 <= partition < MAX_PARTITIONS
    return (partition << COUNTER_BITS) + 1


def partition_of(key: int) -> int:
    """The partition that made `key`; 0 for anything that is not a key.

    >>> partition_of(2251799813685249)
    1
    >>> partition_of(-1)
    0
    """
    return key >> COUNTER_BITS if key > 0 else 0


def partition_for(correlation_key: str, partitions: int) -> int:
    """The home of all messages with this correlation key (reference 2.5).

    Java's string hash over the UTF-8 bytes, as signed 32-bit numbers.

    >>> partition_for("", 3)
    1
    """
    code = 0
    for byte in correlation_key.encode():
        code = (31 * code + (byte - 256 if byte > 127 else byte)) & 0xFFFFFFFF
    if code >= 1 << 31:
        code -= 1 << 32
    # Java's remainder has the sign of the dividend; the absolute value is taken after it.
    return abs(code) % partitions + 1
