"""The request event's columns."""

from kernel.events import COLUMNS, DEFAULTED, NAMES, TYPES, Flag, LedgerRow, Outcome


def test_columns_are_named_once_and_explained() -> None:
    every = (*COLUMNS, *DEFAULTED)
    assert len({column.name for column in every}) == len(every)
    assert all(column.meaning and column.type for column in every)
    assert len(NAMES) == len(TYPES) == len(COLUMNS)


def test_an_event_is_identified_by_worker_boot_and_number() -> None:
    assert {"tenant", "worker", "boot", "seq"} <= set(NAMES)
    assert NAMES[0] == "tenant"


def test_no_column_holds_a_body_a_query_or_a_header() -> None:
    assert not [
        name for name in NAMES if any(word in name for word in ("body_text", "query", "cookie", "header"))
    ]


def test_outcomes_and_flags_are_distinct() -> None:
    assert len({outcome.value for outcome in Outcome}) == len(Outcome)
    assert sum(flag.value for flag in Flag) == ((1 << len(Flag)) - 1) << 1  # bit 1 is free


def test_the_ledger_accounts_for_what_was_offered() -> None:
    assert {"offered", "stored", "spooled", "dropped", "buffered"} <= set(LedgerRow._fields)
