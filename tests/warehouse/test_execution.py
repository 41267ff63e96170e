"""One statement from start to end: settings, sessions, external tables, what stays and what does not."""

import uuid

from tests.warehouse.http_requests import ask

SETTING = "SELECT getSetting('max_block_size')"


def test_settings_of_a_request_end_with_it_also_in_a_session(warehouse_url: str) -> None:
    session = str(uuid.uuid4())
    before = ask(warehouse_url, SETTING, session_id=session).body
    assert ask(warehouse_url, SETTING, session_id=session, max_block_size="777").body == b"777\n"
    assert ask(warehouse_url, SETTING, session_id=session).body == before


def test_set_in_a_session_keeps_only_what_it_sets(warehouse_url: str) -> None:
    session = str(uuid.uuid4())
    plain = ask(warehouse_url, "SELECT getSetting('max_insert_block_size')", session_id=session).body
    ask(warehouse_url, "SET max_block_size = 555", session_id=session, max_insert_block_size="777")
    assert ask(warehouse_url, SETTING, session_id=session).body == b"555\n"
    assert ask(warehouse_url, "SELECT getSetting('max_insert_block_size')", session_id=session).body == plain
    assert ask(warehouse_url, SETTING, session_id=session, max_block_size="9").body == b"9\n"
    assert ask(warehouse_url, SETTING, session_id=session).body == b"555\n"


def test_the_database_of_a_request_does_not_stay_in_the_session(warehouse_url: str) -> None:
    session = str(uuid.uuid4())
    ask(warehouse_url, "USE tidegate", session_id=session)
    assert (
        ask(warehouse_url, "SELECT currentDatabase()", session_id=session, database="system").body
        == b"system\n"
    )
    assert ask(warehouse_url, "SELECT currentDatabase()", session_id=session).body == b"tidegate\n"


def test_an_unknown_setting_is_rejected(warehouse_url: str) -> None:
    reply = ask(warehouse_url, "SELECT 1", no_such_setting="1")
    assert (reply.status, reply.code) == (400, "115")


def test_a_database_name_is_escaped(warehouse_url: str) -> None:
    reply = ask(warehouse_url, "SELECT 1", database="a`; DROP DATABASE tidegate; --")
    assert (reply.status, reply.code) == (404, "81")


def test_a_session_that_must_exist_is_told_when_not(warehouse_url: str) -> None:
    reply = ask(warehouse_url, "SELECT 1", session_id=str(uuid.uuid4()), session_check="1")
    assert (reply.status, reply.code) == (404, "372")


def multipart(**files: str) -> tuple[dict[str, str], bytes]:
    parts = [
        f'--B\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\n\r\n{content}\r\n'
        for name, content in files.items()
    ]
    return {"Content-Type": "multipart/form-data; boundary=B"}, ("".join(parts) + "--B--\r\n").encode()


def test_external_tables_do_not_stay_in_a_session(warehouse_url: str) -> None:
    session = str(uuid.uuid4())
    headers, body = multipart(extra="1\n2\n")
    asked = {"query": "SELECT sum(a) FROM extra", "extra_structure": "a UInt8", "session_id": session}
    for _ in range(2):
        assert ask(warehouse_url, body, headers=headers, **asked).body == b"3\n"
    assert ask(warehouse_url, "SELECT * FROM extra", session_id=session).code == "60"


def test_a_readers_external_table_is_allowed(warehouse_url: str) -> None:
    headers, body = multipart(extra="1\n2\n")
    reply = ask(
        warehouse_url,
        body,
        user="reader:",
        headers=headers,
        query="SELECT sum(a) FROM extra",
        extra_structure="a UInt8",
    )
    assert reply.body == b"3\n"


def test_the_structure_of_an_external_table_cannot_hold_a_statement(warehouse_url: str) -> None:
    for structure in (
        "a UInt8) ENGINE = Memory; SELECT 1 --",
        "a String) ENGINE = File(CSV, '/etc/passwd') --",
    ):
        headers, body = multipart(extra="1\n")
        reply = ask(warehouse_url, body, headers=headers, query="SELECT 1", extra_structure=structure)
        assert reply.status >= 400


def test_a_reader_cannot_write(warehouse_url: str) -> None:
    for sql in (
        "INSERT INTO tidegate.migrations (name) VALUES ('x')",
        "INSERT INTO tidegate.migrations (name) FORMAT CSV\nx\n",
        "DROP TABLE tidegate.requests",
        "ALTER TABLE tidegate.requests DELETE WHERE 1",
        "TRUNCATE TABLE tidegate.requests",
        "KILL QUERY WHERE 1",
        "SET readonly = 0",
        "WITH x AS (SELECT 'a' AS name) INSERT INTO tidegate.migrations (name) SELECT name FROM x",
    ):
        reply = ask(warehouse_url, sql, user="reader:")
        assert (sql, reply.status) == (sql, 403)
    assert ask(warehouse_url, "SELECT 1", user="reader:", readonly="0").status == 403
    assert ask(warehouse_url, "SELECT 1", user="reader:", max_threads="1").body == b"1\n"
