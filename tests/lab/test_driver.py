"""lab.driver: what is planned is sent, by whom it says, and remembered."""

import asyncio
import random
import time
from collections.abc import Callable

from lab.driver import Cast, Driver, Gateway, play, request_bytes, route_of
from lab.echo import Echo
from lab.population import Identity
from lab.record import LEGITIMATE, Sent
from lab.traffic import Planned
from tests.lab.serving import serving_protocol

BROWSER = Identity(0, "browser", "ip:198.18.0.1", "198.18.0.1", "", "", "Mozilla/5.0", 1.0)
PARTNER = Identity(1, "partner", "consumer:a", "198.18.0.2", "tg_1", "a", "curl/8", 1.0)
PEOPLE = (BROWSER, PARTNER)


async def played(plan: list[Planned], factory: Callable[[], asyncio.Protocol]) -> Driver:
    async with serving_protocol(factory) as place:
        driver = Driver(Gateway(*place), time.time, connections=4)
        cast = Cast(PEOPLE, "gateway", lambda identity, at: LEGITIMATE)
        serving = asyncio.create_task(driver.serve())
        await play(driver, plan, cast, asyncio.get_running_loop().time())
        driver.finish()
        await serving
    return driver


async def test_every_planned_request_is_sent_once_and_remembered() -> None:
    plan = [Planned(0.001 * number, number % 2, "GET", f"/products/{number}", b"") for number in range(50)]
    driver = await played(plan, lambda: Echo(random.Random(1)))
    assert driver.begun == len(driver.sent) == 50
    assert {each.status for each in driver.sent} == {200}
    assert {each.identity for each in driver.sent} == {"ip:198.18.0.1", "consumer:a"}


async def test_a_gateway_that_is_gone_is_remembered_as_no_answer() -> None:
    driver = Driver(Gateway("127.0.0.1", 1), time.time, connections=1)
    cast = Cast(PEOPLE, "gateway", lambda identity, at: LEGITIMATE)
    serving = asyncio.create_task(driver.serve())
    await play(driver, [Planned(0.0, 0, "GET", "/", b"")], cast, asyncio.get_running_loop().time())
    driver.finish()
    await serving
    assert [each.status for each in driver.sent] == [0]
    assert isinstance(driver.sent[0], Sent)


def test_a_request_says_whose_it_is() -> None:
    text = request_bytes(PARTNER, Planned(0.0, 1, "POST", "/cart", b"{}"), "gateway:80").decode()
    assert text.startswith("POST /cart HTTP/1.1\r\nHost: gateway:80\r\n")
    for line in ("X-Forwarded-For: 198.18.0.2", "X-Api-Key: tg_1", "User-Agent: curl/8", "Content-Length: 2"):
        assert f"\r\n{line}\r\n" in text
    assert text.endswith("\r\n\r\n{}")
    assert "X-Api-Key" not in request_bytes(BROWSER, Planned(0.0, 0, "GET", "/", b""), "g").decode()


def test_a_route_is_the_first_segment() -> None:
    assert [route_of(path) for path in ("/products/7", "/search?q=a", "/")] == ["products", "search", ""]
