"""An errand runs beside its asker, which may give up on it."""

import threading

import pytest

from warehouse.courier import Courier, GaveUp


def test_the_answer_comes_back() -> None:
    courier = Courier()
    assert courier.run(lambda: 7, lambda: True) == 7
    assert courier.run(lambda: 8, lambda: True) == 8
    courier.close()


def test_the_asker_goes_on_while_it_waits() -> None:
    courier, worked = Courier(), threading.Event()

    def meanwhile() -> bool:
        worked.set()
        return True

    assert courier.run(lambda: worked.wait(10), meanwhile)
    courier.close()


def test_an_asker_that_gives_up_can_ask_again() -> None:
    courier, released = Courier(), threading.Event()
    with pytest.raises(GaveUp):
        courier.run(lambda: released.wait(10), lambda: False)
    assert courier.run(lambda: "next", lambda: True) == "next"
    released.set()
    courier.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_errand_that_breaks_its_thread_is_given_up() -> None:
    courier = Courier()
    with pytest.raises(GaveUp):
        courier.run(lambda: 1 // 0, lambda: True)
    courier.close()
