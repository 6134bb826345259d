# SPDX-License-Identifier: Apache-2.0
"""Waiting for conditions. Nothing in the scenarios sleeps for a guess."""
import socket
import time


def until(condition, what, deadline_s=10.0, every_s=0.01):
    """The first true value of condition(); AssertionError at the deadline."""
    end = time.monotonic() + deadline_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= end:
            raise AssertionError(f"waited {deadline_s} s for: {what}")
        time.sleep(every_s)


def connects(port):
    """Does somebody listen on this port of 127.0.0.1?"""
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0
