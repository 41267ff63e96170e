from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from typing import ParamSpec, TypeVar

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import OperationalError

from analytics.enquiring import EnquiringReader
from warehouse.conduct import Conduct
from warehouse.evidence import EvidenceReader

P = ParamSpec("P")
T = TypeVar("T")


class Slow(Executor):
    """Does what it was asked when a test says so."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()

        def run() -> None:
            try:
                future.set_result(fn(*args, **kwargs))
            except OperationalError as failure:
                future.set_exception(failure)

        self.waiting.append(run)
        return future

    def work(self) -> None:
        """Do it all."""
        waiting, self.waiting = self.waiting, []
        for run in waiting:
            run()


class Beside(EvidenceReader):
    """Everybody is known; those that end in 1 are ordinary."""

    def __init__(self, client: Client) -> None:
        super().__init__(client, "t")
        self.asked: list[tuple[str, ...]] = []
        self.is_away = False

    def conduct(self, who: Sequence[str], *, since: float, until: float) -> Conduct:
        self.asked.append(tuple(who))
        if self.is_away:
            raise OperationalError("away")
        return Conduct(ordinary=frozenset(each for each in who if each.endswith("1")), known=frozenset(who))


def test_an_answer_comes_later_and_each_address_is_asked_about_once(warehouse_client: Client) -> None:
    threads, beside = Slow(), Beside(warehouse_client)
    reader = EnquiringReader(warehouse_client, "t", beside=beside, threads=threads)
    who = ["ip:10.0.0.1", "ip:10.0.0.2", "consumer:one"]
    assert reader.conduct(who, since=5.0, until=9.0) == Conduct()
    assert reader.conduct(who, since=5.0, until=9.0) == Conduct()  # it is being asked
    threads.work()
    assert reader.conduct(who, since=5.0, until=9.0).ordinary == {"ip:10.0.0.1"}
    grown = [*who, "ip:10.0.0.11"]
    reader.conduct(grown, since=5.0, until=9.0)
    threads.work()
    found = reader.conduct(grown, since=5.0, until=9.0)
    assert found.ordinary == {"ip:10.0.0.1", "ip:10.0.0.11"}
    assert found.known == {"ip:10.0.0.1", "ip:10.0.0.2", "ip:10.0.0.11"}
    assert beside.asked == [("ip:10.0.0.1", "ip:10.0.0.2"), ("ip:10.0.0.11",)]
    assert threads.waiting == []


def test_another_onset_is_another_question(warehouse_client: Client) -> None:
    threads = Slow()
    reader = EnquiringReader(warehouse_client, "t", beside=Beside(warehouse_client), threads=threads)
    reader.conduct(["ip:10.0.0.1"], since=5.0, until=9.0)
    threads.work()
    reader.conduct(["ip:10.0.0.1"], since=5.0, until=9.0)
    assert reader.conduct(["ip:10.0.0.1"], since=6.0, until=9.0) == Conduct()


def test_what_failed_is_asked_again(warehouse_client: Client) -> None:
    threads, beside = Slow(), Beside(warehouse_client)
    reader = EnquiringReader(warehouse_client, "t", beside=beside, threads=threads)
    beside.is_away = True
    reader.conduct(["ip:10.0.0.1"], since=5.0, until=9.0)
    threads.work()
    beside.is_away = False
    assert reader.conduct(["ip:10.0.0.1"], since=5.0, until=9.0) == Conduct()
    threads.work()
    assert reader.conduct(["ip:10.0.0.1"], since=5.0, until=9.0).known == {"ip:10.0.0.1"}
