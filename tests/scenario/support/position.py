# SPDX-License-Identifier: Apache-2.0
"""What a position token says. Clients never look inside; the checker does, to
know which record each one names."""
import base64
import functools
import struct
from typing import NamedTuple

BEFORE_FIRST = -1
LAYOUT = struct.Struct(">BQIHQII")


class Position(NamedTuple):
    partition: tuple  # topic tag, epoch, number
    offset: int
    fingerprint: int


@functools.lru_cache(maxsize=1 << 20)
def decode(token):
    """One token; ValueError when it is none."""
    raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    if len(raw) != LAYOUT.size or raw[0] != 1:
        raise ValueError(f"no position: {token!r}")
    _, tag, epoch, number, offset, fingerprint, _ = LAYOUT.unpack(raw)
    if offset == (1 << 64) - 1:
        offset = BEFORE_FIRST
    return Position((tag, epoch, number), offset, fingerprint)


def decode_cursor(text):
    """{partition: offset} of a cursor, which is tokens with dots between."""
    found = {}
    for token in text.split("."):
        p = decode(token)
        found[p.partition] = p.offset
    return found


def encode(partition, offset, fingerprint=1):
    """A token as a planted history needs it; its checksum is not a real one."""
    tag, epoch, number = partition
    raw = LAYOUT.pack(1, tag, epoch, number, offset % (1 << 64), fingerprint, 0)
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
