"""Runs a notebook as marimo does, without a browser, and reads what its cells show."""

import json
import re
from collections.abc import Mapping
from html import unescape
from typing import Any

import marimo as mo

ATTRIBUTE = re.compile(r" data-[a-z-]+='([^']*)'")
NOWHERE = "http://reader:s3cret@127.0.0.1:9"


def run(app: mo.App, **given: Any) -> tuple[str, Mapping[str, Any]]:
    """(everything that is shown, what the cells define); `given` stands for the cells that define it."""
    outputs, definitions = app.run(defs=given)
    return "\n".join(to_text(each) for each in outputs if each is not None), definitions


def to_text(output: Any) -> str:
    """What an output shows, tags aside: marimo's components keep it in attributes, as JSON."""
    html = mo.as_html(output).text
    attributes = [json.loads(unescape(each)) for each in ATTRIBUTE.findall(html)]
    return without_tags(" ".join([ATTRIBUTE.sub("", html), *(str(each) for each in attributes)]))


def without_tags(html: str) -> str:
    """Text with single spaces."""
    return " ".join(unescape(re.sub(r"<[^>]*>", "", html)).split())
