"""Users from the environment."""

import pytest

from warehouse.client import WrongUrl
from warehouse.settings import users_from
from warehouse.users import User


def test_without_settings_both_users_have_no_password() -> None:
    assert users_from({}) == (User("default", ""), User("reader", "", read_only=True))
    assert users_from({"TIDEGATE_WAREHOUSE": "none"}) == users_from({})


def test_the_url_names_the_writer_and_its_password_is_the_readers_too() -> None:
    users = users_from({"TIDEGATE_WAREHOUSE": "http://me:p%20w@x:1/db"})
    assert users == (User("me", "p w"), User("reader", "p w", read_only=True))


def test_the_reader_may_have_a_password_of_its_own() -> None:
    users = users_from({"TIDEGATE_WAREHOUSE": "http://me:pw@x", "TIDEGATE_WAREHOUSE_READER": "other"})
    assert users[1] == User("reader", "other", read_only=True)


def test_the_reader_cannot_be_the_writer() -> None:
    with pytest.raises(WrongUrl):
        users_from({"TIDEGATE_WAREHOUSE": "http://reader:pw@x"})
