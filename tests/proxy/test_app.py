"""The app behind the gateway: an operator's handlers."""

import pytest
from fastapi import APIRouter

from proxy.app import answers_of, gateway_app, load_handlers
from warehouse.exits import CannotRun

router = APIRouter()
not_a_router = 1


@router.get("/hello/{name}")
async def hello(name: str) -> str:
    return name


def test_a_router_is_found_by_its_name() -> None:
    assert load_handlers(f"{__name__}:router") is router
    assert load_handlers("").routes == []


@pytest.mark.parametrize("name", ["json", "no_such_module:x", "json:no_such", f"{__name__}:not_a_router"])
def test_a_name_that_names_no_router_is_told(name: str) -> None:
    with pytest.raises(CannotRun, match="--handlers"):
        load_handlers(name)


def test_only_what_a_handler_takes_falls_through() -> None:
    answers = answers_of(gateway_app(router))
    assert answers("GET", "shop.example", "/hello/you")
    assert not answers("POST", "shop.example", "/hello/you")
    assert not answers("GET", "shop.example", "/other")


def test_without_handlers_nothing_falls_through() -> None:
    assert not answers_of(gateway_app(APIRouter()))("GET", "", "/docs")
