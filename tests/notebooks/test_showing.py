"""Pieces of the pages."""

import altair as alt

from kernel.limits import Quota
from notebooks.showing import Advance, connection_form, console_form, panel, quota_sliders, trouble
from tests.notebooks.running import to_text


class Bar:
    """A progress bar of ours."""

    def __init__(self) -> None:
        self.steps: list[int] = []

    def update(self, steps: int) -> None:
        self.steps.append(steps)


def test_a_bar_never_goes_back_and_ends_at_a_hundred() -> None:
    bar = Bar()
    advance = Advance(bar)
    assert all(advance(share) for share in (0.0, 0.5, 0.5, 0.25, 1.0))
    assert bar.steps == [50, 50]


def test_a_panel_has_a_table_under_its_chart_and_says_where_there_is_nothing() -> None:
    chart = alt.Chart({"values": [{"a": 1}]}).mark_bar().encode(x="a:Q")
    full = to_text(panel("Title", "What it is.", chart, [{"a": "cell"}]))
    assert "Title What it is." in full
    assert "vega" in full
    assert "cell" in full
    empty = to_text(panel("Title", "What it is.", chart, []))
    assert "Nothing in this time." in empty
    assert "vega" not in empty


def test_what_went_wrong_is_text_not_markup() -> None:
    assert "<b>" in to_text(trouble("a <b> that `stays`"))


def test_forms_hide_what_is_secret() -> None:
    for form in (connection_form(), console_form()):
        assert "password" in form.text
        assert form.value is None


def test_sliders_stand_at_the_limits_value_or_a_multiple_of_it() -> None:
    assert quota_sliders("A", Quota(1.5, 3)).value == {"rate": 1.5, "burst": 3}
    assert quota_sliders("B", Quota(1.5, 3), times=2.0).value == {"rate": 3.0, "burst": 6}
