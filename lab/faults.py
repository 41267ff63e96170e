"""Turns the shop's faults on and off."""

import asyncio

import msgspec

from lab.shop import SWITCH, Fault
from lab.wire import Answer, connect

DEADLINE_S = 5.0


class NotSwitched(Exception):
    """The shop did not take the switch."""


async def switch(host: str, port: int, fault: Fault) -> None:
    """Set the shop's faults; they hold for every request from now on. Raises NotSwitched."""
    body = msgspec.json.encode(fault)
    head = f"PUT {SWITCH} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: {len(body)}\r\n\r\n"
    try:
        wire = await connect(host, port)
    except OSError as problem:
        raise NotSwitched(f"the shop at {host}:{port} does not answer: {problem}") from problem
    try:
        answer: Answer = await wire.exchange(head.encode() + body, DEADLINE_S)
    finally:
        wire.close()
        await asyncio.sleep(0)
    if answer.status != 200:
        raise NotSwitched(f"the shop answered {answer.status} to its fault switch")
