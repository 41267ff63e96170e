"""lab.shop: a small shop that works, and the switch that makes it fail."""

import json
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import typer

from lab.faults import switch
from lab.shop import Fault, loopback_socket, make_shop
from lab.shop_store import PRODUCTS, Store, password_of
from lab.wire import connect
from tests.lab.serving import Place, serving_app


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Place]:
    store = Store(tmp_path / "shop.sqlite")
    store.fill(1)
    async with serving_app(make_shop(store, random.Random(1)).app) as place:
        yield place
    store.close()


async def status_of(place: Place, method: str, path: str, body: object = None) -> int:
    content = b"" if body is None else json.dumps(body).encode()
    head = f"{method} {path} HTTP/1.1\r\nHost: shop\r\nContent-Length: {len(content)}\r\n\r\n".encode()
    wire = await connect(*place)
    answer = await wire.exchange(head + content, 10.0)
    wire.close()
    return answer.status


async def test_the_shop_answers_each_of_its_routes(shop: Place) -> None:
    login = {"user": "user3", "password": password_of("user3")}
    line = {"product": 5, "amount": 2, "user": "user3"}
    asked = [
        ("GET", "/products?page=2", None, 200),
        ("GET", "/products/7", None, 200),
        ("GET", f"/products/{PRODUCTS + 1}", None, 404),
        ("GET", "/search?q=mast", None, 200),
        ("GET", "/static/app1.js", None, 200),
        ("GET", "/orders/5", None, 200),
        ("GET", "/orders/999999", None, 404),
        ("GET", "/orders/" + "9" * 400, None, 404),
        ("GET", "/products/setup.php", None, 404),
        ("POST", "/login", login, 200),
        ("POST", "/login", login | {"password": "x"}, 401),
        ("POST", "/login", ["not", "a", "login"], 400),
        ("POST", "/cart", line, 201),
        ("POST", "/orders", line, 201),
        ("POST", "/orders", line | {"product": PRODUCTS + 9}, 404),
        ("GET", "/reports/sales", None, 200),
    ]
    got = [(path, await status_of(shop, method, path, body)) for method, path, body, _ in asked]
    # One answer in a thousand fails on an ordinary day.
    wrong = [(path, status) for (path, status), (*_, want) in zip(got, asked, strict=True) if status != want]
    assert not [each for each in wrong if each[1] < 500]
    assert len(wrong) <= 1


async def test_the_switch_makes_answers_fail_and_lets_them_recover(shop: Place) -> None:
    await switch(*shop, Fault(error_share=1.0))
    assert [await status_of(shop, "GET", "/products/1") >= 500 for _ in range(5)] == [True] * 5
    await switch(*shop, Fault())
    assert 200 in [await status_of(shop, "GET", "/products/1") for _ in range(3)]


async def test_the_switch_refuses_what_it_does_not_know(shop: Place) -> None:
    assert await status_of(shop, "PUT", "/_fault", {"fire": True}) == 400


def test_the_shop_stays_on_loopback() -> None:
    with pytest.raises(typer.BadParameter, match="not loopback"):
        loopback_socket("0.0.0.0:0")


def test_an_address_that_is_none_is_told() -> None:
    with pytest.raises(typer.BadParameter, match="is not HOST:PORT"):
        loopback_socket("8080")
