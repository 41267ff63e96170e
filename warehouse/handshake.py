"""What clickhouse-go (Grafana's plugin) asks first over HTTP, and the answer that it can decode.

The driver sends `client_protocol_version` and reads this one answer at that revision of the Native format;
whatever follows, it reads at the revision that the answer tells. The engine writes revision 0.
"""

_QUESTION = b"SELECT displayName(), version(), revision(), timezone()"
_BLOCK_INFO_SINCE = 51903  # revisions of the protocol in which a block begins with its info,
_CUSTOM_SERIALIZATION_SINCE = 54454  # and a column tells whether its serialization is a custom one
_BLOCK_INFO = b"\x01\x00\x02\xff\xff\xff\xff\x00"  # no overflows, no bucket, end
_ENGINE_REVISION = 0


def is_handshake(sql: bytes, output_format: str, client_revision: str) -> bool:
    """Whether the statement is the driver's first one, told at a revision that the engine does not write."""
    asked = b" ".join(sql.strip().rstrip(b";").split())
    is_newer = client_revision.isdecimal() and int(client_revision) >= _BLOCK_INFO_SINCE
    return is_newer and output_format == "Native" and asked == _QUESTION


def answer(version: str, client_revision: int) -> bytes:
    """One block of one row, as a server of that protocol revision writes it; the timezone is UTC."""
    columns = (
        ("displayName()", "String", _text("tidegate")),
        ("version()", "String", _text(version)),
        ("revision()", "UInt32", _ENGINE_REVISION.to_bytes(4, "little")),
        ("timezone()", "String", _text("UTC")),
    )
    mark = b"\x00" if client_revision >= _CUSTOM_SERIALIZATION_SINCE else b""
    return _BLOCK_INFO + bytes((len(columns), 1)) + b"".join(_column(mark, *each) for each in columns)


def _column(mark: bytes, name: str, kind: str, value: bytes) -> bytes:
    return _text(name) + _text(kind) + mark + value


def _text(text: str) -> bytes:
    """Length as one byte (below 128, as all are here), then the bytes."""
    raw = text.encode()[:127]
    return bytes((len(raw),)) + raw
