"""Normal forms of paths: each path has one, or none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.paths import MOST_SEGMENTS, normalise


@pytest.mark.parametrize(
    ("path", "normal"),
    [
        (b"/", "/"),
        (b"/a/b", "/a/b"),
        (b"/a/b/", "/a/b/"),
        (b"//a///b", "/a/b"),
        (b"/a/./b/.", "/a/b/"),
        (b"/a/../b", "/b"),
        (b"/a/b/..", "/a/"),
        (b"/..a/b..", "/..a/b.."),
        (b"/a;v=1/b", "/a;v=1/b"),
        (b"/%7euser/%41", "/~user/A"),
        (b"/%c3%a4", "/%C3%A4"),
        (b"/%252e%252e", "/%252e%252e"),
        (b"/a|b", "/a%7Cb"),
        (b"/.well-known/x", "/.well-known/x"),
        (b"/%2e%2e/a", None),
        (b"/a/..%2f..", None),
        (b"/a%2Fb", None),
        (b"/a%5cb", None),
        (b"/a\\b", None),
        (b"/a%00", None),
        (b"/a%0d%0a", None),
        (b"/a%7f", None),
        (b"/a%", None),
        (b"/a%4", None),
        (b"/a%g1", None),
        (b"/a/..;/b", None),
        (b"/a/.;x/b", None),
        (b"/a#b", None),
        (b"/a b", None),
        (b"/\xff", None),
        (b"a", None),
        (b"", None),
        (b"/..", None),
        (b"/a" * (MOST_SEGMENTS + 1), None),
    ],
)
def test_a_path_has_one_normal_form_or_none(path: bytes, normal: str | None) -> None:
    assert normalise(path) == normal


@given(st.lists(st.sampled_from([b"/", b"a", b".", b"..", b"%2e", b"%41", b"%2f", b";", b"%", b"|", b"~"])))
def test_a_normal_form_is_its_own_normal_form(pieces: list[bytes]) -> None:
    normal = normalise(b"/" + b"".join(pieces))
    if normal is not None:
        assert normalise(normal.encode()) == normal
        assert "//" not in normal
        assert not {".", ".."} & set(normal.split("/"))
