"""The demo's upstream: a small shop API, with a fault switch that only loopback can reach.

The switch (`PUT /_fault`) is test-only: the demo's policy has no route to it, so the gateway
never relays it, and the shop itself refuses to listen on anything but loopback.
"""

import asyncio
import ipaddress
import random
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypeVar

import msgspec
import typer
import uvicorn
import uvloop
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from lab.shop_store import Store
from warehouse.exits import CannotRun
from warehouse.listening import bind, endpoint_of, parse_endpoint

T = TypeVar("T")
Scope = MutableMapping[str, Any]  # ASGI's own types
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# Median service time in milliseconds by first segment: a database and a template, or a report.
SERVICE_MS = {
    "static": 3.0,
    "products": 12.0,
    "search": 24.0,
    "orders": 16.0,
    "cart": 15.0,
    "login": 40.0,
    "reports": 320.0,
}
OTHER_MS = 8.0
SPREAD = 0.35  # sigma of log service time: a p99 of 2.3 medians
OWN_ERRORS = 0.001  # share of answers that fail on an ordinary day
FAILURES = (500, 500, 502, 503)
SCRIPT = b"/* sails */\n" * 300
SWITCH = "/_fault"
LONGEST_NUMBER = 18  # digits


class Fault(msgspec.Struct, forbid_unknown_fields=True):
    """What is wrong at the moment: service times are multiplied, a share of answers fails."""

    slow_factor: float = 1.0
    error_share: float = 0.0


class Served:
    """ASGI around the shop: gives each answer its service time, and its faults."""

    def __init__(self, app: FastAPI, fault: Fault, draw: random.Random) -> None:
        self._app = app
        self._fault = fault
        self._draw = draw

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait as long as the work would take, then answer, or fail."""
        if scope["type"] != "http" or scope["path"] == SWITCH:
            await self._app(scope, receive, send)
            return
        fault, draw = self._fault, self._draw
        median_ms = SERVICE_MS.get(scope["path"].split("/", 2)[1], OTHER_MS)
        await asyncio.sleep(median_ms * draw.lognormvariate(0.0, SPREAD) * fault.slow_factor / 1e3)
        if draw.random() < max(fault.error_share, OWN_ERRORS):
            failed = JSONResponse({"error": "the shop is unwell"}, draw.choice(FAILURES))
            await failed(scope, receive, send)
            return
        await self._app(scope, receive, send)


class Login(msgspec.Struct):
    """Body of a login."""

    user: str
    password: str


class Item(msgspec.Struct):
    """Body of an order or of a cart's line."""

    product: int
    amount: int = 1
    user: str = ""


async def body_of(request: Request, kind: type[T]) -> T:
    """The body as `kind`. Raises msgspec.DecodeError, which `bad_body` answers."""
    return msgspec.json.decode(await request.body(), type=kind)


async def bad_body(_: Request, wrong: Exception) -> JSONResponse:
    """Answer to a body that is not what it should be."""
    return JSONResponse({"error": str(wrong)}, 400)


def number_of(text: str) -> int:
    """The id that a path names; one that nobody has where it is no number: whoever looks for it gets 404."""
    return int(text) if text.isdecimal() and len(text) < LONGEST_NUMBER else 0


def missing() -> JSONResponse:
    """Answer to an id that nobody has."""
    return JSONResponse({"error": "no such thing"}, 404)


def add_catalogue(app: FastAPI, store: Store) -> None:
    """Reading: pages, products, search, scripts, the slow report."""

    @app.get("/products")
    async def products(page: int = 0) -> JSONResponse:
        return JSONResponse([each._asdict() for each in store.page(page)])

    @app.get("/products/{number}")
    async def product(number: str) -> JSONResponse:
        found = store.product(number_of(number))
        return JSONResponse(found._asdict()) if found else missing()

    @app.get("/search")
    async def search(q: str = "") -> JSONResponse:
        return JSONResponse([each._asdict() for each in store.search(q)])

    @app.get("/static/{name}")
    async def static(name: str) -> Response:
        return Response(SCRIPT, media_type="text/css" if name.endswith(".css") else "text/javascript")

    @app.get("/reports/{name}")
    async def report(name: str) -> JSONResponse:
        return JSONResponse({"report": name, "rows": store.sales()})


def add_orders(app: FastAPI, store: Store) -> None:
    """Writing: login, cart, orders."""

    @app.post("/login")
    async def login(request: Request) -> JSONResponse:
        asked = await body_of(request, Login)
        if store.knows(asked.user, asked.password):
            return JSONResponse({"token": f"t-{asked.user}"})
        return JSONResponse({"error": "wrong user or password"}, 401)

    @app.post("/cart")
    async def cart(request: Request) -> JSONResponse:
        item = await body_of(request, Item)
        return JSONResponse({"items": item.amount}, 201) if store.product(item.product) else missing()

    @app.get("/orders/{number}")
    async def order(number: str) -> JSONResponse:
        found = store.order(number_of(number))
        return JSONResponse(found) if found else missing()

    @app.post("/orders")
    async def place(request: Request) -> JSONResponse:
        item = await body_of(request, Item)
        number = store.place(item.user, item.product, item.amount)
        return JSONResponse({"order": number}, 201) if number else missing()


def add_switch(app: FastAPI, fault: Fault) -> None:
    """The fault switch."""

    @app.put(SWITCH)
    async def switch(request: Request) -> JSONResponse:
        asked = await body_of(request, Fault)
        fault.slow_factor, fault.error_share = asked.slow_factor, asked.error_share
        return JSONResponse(msgspec.to_builtins(fault))


class Shop(NamedTuple):
    """The application and the state of its switch."""

    app: Served
    fault: Fault


def make_shop(store: Store, draw: random.Random) -> Shop:
    """The shop over a store."""
    app = FastAPI(openapi_url=None)
    fault = Fault()
    app.add_exception_handler(msgspec.DecodeError, bad_body)
    add_catalogue(app, store)
    add_orders(app, store)
    add_switch(app, fault)
    return Shop(Served(app, fault, draw), fault)


def loopback_socket(listen: str) -> socket.socket:
    """A bound socket; refuses addresses that others could reach. Raises BadParameter."""
    try:
        bound = bind(parse_endpoint(listen, "--listen"), "--listen")
    except CannotRun as trouble:
        raise typer.BadParameter(str(trouble)) from trouble
    host = endpoint_of(bound).host
    if not ipaddress.ip_address(host).is_loopback:
        bound.close()
        raise typer.BadParameter(
            f"{host} is not loopback: the shop has a fault switch and stays on this machine"
        )
    return bound


async def serve(app: Served, bound: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT."""
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, lifespan="off", timeout_graceful_shutdown=2
    )
    server = uvicorn.Server(config)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, lambda: setattr(server, "should_exit", True))
    bound.listen(512)
    print(f"tidegate-shop ready on {endpoint_of(bound).url()}", file=sys.stderr, flush=True)
    await server._serve([bound])  # `serve` would install signal handlers of its own


def run(
    data: Annotated[Path, typer.Option(help="folder of the shop's database file")],
    listen: Annotated[str, typer.Option(help="HOST:PORT on loopback")] = "127.0.0.1:0",
    seed: Annotated[int, typer.Option(help="seed of products and service times")] = 1,
) -> None:
    """Serve the demo's shop."""
    data.mkdir(parents=True, exist_ok=True)
    store = Store(data / "shop.sqlite")
    store.fill(seed)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(make_shop(store, random.Random(seed)).app, loopback_socket(listen)))
    finally:
        store.close()


if __name__ == "__main__":
    typer.run(run)
