"""lab.shop_store: the shop's database, filled once, the same for a seed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.shop_store import PRODUCTS, Store, password_of


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "shop.sqlite")
    opened.fill(3)
    yield opened
    opened.close()


def test_filling_twice_changes_nothing(store: Store) -> None:
    before = store.page(0)
    store.fill(4)
    assert store.page(0) == before


def test_the_catalogue_is_paged_and_searched(store: Store) -> None:
    assert [each.id for each in store.page(1)] == list(range(21, 41))
    word = store.page(0)[0].name.split()[0]
    assert store.search(word)
    assert store.search("no such word") == []


def test_a_product_is_found_by_its_id(store: Store) -> None:
    assert store.product(PRODUCTS) is not None
    assert store.product(PRODUCTS + 1) is None


def test_a_password_opens_one_account(store: Store) -> None:
    assert store.knows("user7", password_of("user7"))
    assert not store.knows("user7", password_of("user8"))
    assert not store.knows("nobody", "x")


def test_a_placed_order_can_be_read_and_is_in_the_report(store: Store) -> None:
    number = store.place("user1", 5, 2)
    order = store.order(number)
    assert order is not None
    assert (order["user"], order["product"], order["amount"]) == ("user1", 5, 2)
    assert store.place("user1", PRODUCTS + 1, 1) == 0
    assert len(store.sales()) == 50
