"""The charts of a company: declared with Altair, drawn as SVG by vl-convert, without a script.

Colours are variables of the page's style, so one drawing is right by day, by night and on paper.
Each chart has a name and a table beside it: the drawing itself says nothing to a screen reader.
"""

from __future__ import annotations

import json
import re
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Any

import altair as alt
import vl_convert
from markupsafe import Markup

from tap_billit.report.figures import BUCKETS, SIDES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date

    from tap_billit.report.figures import Company
    from tap_billit.report.language import Language

WIDTH, HEIGHT = 400, 190
ACCENT, OTHER, INK, LINE = "var(--accent)", "var(--other)", "var(--muted)", "var(--line)"
SHADES = (0.12, 0.34, 0.56, 0.78, 1.0)
"""How strong the colour of each bucket is; the style has the same for the key."""

_ROWS = "rows"
_FONT = "system-ui, sans-serif"
_SIDES = alt.Scale(domain=["first", "second"], range=[ACCENT, OTHER])


def cash(company: Company, say: Language) -> Markup:
    """Money in above the line and out below it, by week; what is expected is paler."""
    rows = [
        {
            "x": f"{week.start}",
            "kind": side,
            "expected": expected,
            "amount": float(amount),
        }
        for week in company.cash.weeks
        for expected, flow in ((False, week.actual), (True, week.expected))
        for side, amount in (("first", flow.money_in), ("second", -flow.money_out))
        if amount
    ]
    starts = [week.start for week in company.cash.weeks]
    return _svg(_signed, rows, starts, {day: [say.day(day, "d MMM")] for day in starts[::4]}, say)


def trade(company: Company, say: Language) -> Markup:
    """Sales and purchases beside each other, by month."""
    rows = [
        {"x": f"{month}", "kind": kind, "amount": float(amounts.get(side, 0))}
        for month, amounts in company.trade.items()
        for kind, side in (("first", "sales"), ("second", "purchases"))
    ]
    return _svg(_grouped, rows, [*company.trade], _months([*company.trade], say), say)


def ageing(company: Company, say: Language) -> Markup:
    """What is open on both sides, by how late it is."""
    rows = [
        {"x": bucket, "kind": kind, "amount": float(company.open[side].amounts[bucket])}
        for kind, side in zip(("first", "second"), SIDES, strict=True)
        for bucket in BUCKETS
    ]
    return _svg(_grouped, rows, BUCKETS, {name: str(say(name)).split() for name in BUCKETS}, say)


def history(company: Company, say: Language) -> Markup:
    """What was owed to the company at the ends of months; the later, the stronger its colour."""
    rows = [
        {"x": f"{day}", "shade": shade, "amount": float(amounts.get(bucket, 0))}
        for day, amounts in company.ageing.items()
        for shade, bucket in zip(SHADES, BUCKETS, strict=True)
    ]
    return _svg(_stacked, rows, [*company.ageing], _months([*company.ageing], say), say)


def _signed(x: alt.X) -> alt.Chart:
    bars: alt.Chart = (
        alt.Chart(alt.NamedData(_ROWS))
        .mark_bar(strokeWidth=1)
        .encode(
            x=x,
            y=_y(),
            color=alt.Color("kind:N", scale=_SIDES, legend=None),
            stroke=alt.Stroke("kind:N", scale=_SIDES, legend=None),
            fillOpacity=alt.condition("datum.expected", alt.value(0.25), alt.value(1)),
        )
    )
    return bars


def _stacked(x: alt.X) -> alt.Chart:
    bars: alt.Chart = (
        alt.Chart(alt.NamedData(_ROWS))
        .mark_bar(color=ACCENT, stroke=ACCENT, strokeWidth=0.5)
        .encode(
            x=x,
            y=_y(),
            fillOpacity=alt.FillOpacity("shade:Q", scale=None, legend=None),
            order=alt.Order("shade:Q", sort="descending"),
        )
    )
    return bars


def _grouped(x: alt.X) -> alt.Chart:
    bars: alt.Chart = (
        alt.Chart(alt.NamedData(_ROWS))
        .mark_bar()
        .encode(
            x=x,
            xOffset=alt.XOffset("kind:N", sort=None),
            y=_y(),
            color=alt.Color("kind:N", scale=_SIDES, legend=None),
        )
    )
    return bars


def _x(names: Iterable[str], labels: str) -> alt.X:
    """The horizontal axis: these values, and lines of text below some of them as JSON."""
    return alt.X(
        "x:O",
        scale=alt.Scale(domain=[*names], paddingInner=0.3, paddingOuter=0.15),
        axis=alt.Axis(
            title=None,
            values=[*json.loads(labels)],
            labelExpr=f"{labels}[datum.value]",
            labelAngle=0,
            labelOverlap=False,
            ticks=False,
            domain=False,
            labelPadding=8,
        ),
    )


def _months(days: list[date], say: Language) -> dict[date, list[str]]:
    """Every second month by name, counted from the last; the year once."""
    shown = days[::-2][::-1]
    firsts = [min(group) for _, group in groupby(shown, lambda day: day.year)]
    return {
        day: [say.day(day, "LLL").rstrip("."), f"{day.year}" if day in firsts else ""]
        for day in shown
    }


def _y() -> alt.Y:
    axis = alt.Axis(
        title=None,
        format="~s",
        labelExpr="datum.value ? datum.label : '0'",
        tickCount=5,
        ticks=False,
        domain=False,
    )
    return alt.Y("amount:Q", axis=axis)


def _zero() -> alt.Chart:
    line = alt.Chart(alt.InlineData(values=[{"amount": 0}]))
    drawn: alt.Chart = line.mark_rule(color=INK, strokeWidth=1).encode(y="amount:Q")
    return drawn


@cache
def _drawing(
    bars: Callable[[alt.X], alt.Chart], names: tuple[str, ...], labels: str
) -> dict[str, Any]:
    """A chart as Vega has it, with a line at nought, as wide as its place.

    It has no rows yet, so companies share it: to make it takes longer than to draw.
    """
    layers = [bars(_x(names, labels)), _zero()]
    drawn = alt.LayerChart(layer=layers, width=WIDTH, height=HEIGHT).configure(
        aria=False,
        background="transparent",
        font=_FONT,
        axis=alt.AxisConfig(gridColor=LINE, labelColor=INK, labelFontSize=13, labelLimit=120),
        view=alt.ViewConfig(stroke=None),
    )
    compiled: dict[str, Any] = vl_convert.vegalite_to_vega(drawn.to_dict(validate=False))
    return compiled


def _svg(
    bars: Callable[[alt.X], alt.Chart],
    rows: list[dict[str, Any]],
    values: Iterable[Any],
    labels: dict[Any, list[str]],
    say: Language,
) -> Markup:
    """The drawing of these rows; below some of their values are labels."""
    shown = {f"{value}": text for value, text in labels.items()}
    drawing = _drawing(bars, tuple(map(str, values)), json.dumps(shown))
    data = [{**each, "values": rows} if each["name"] == _ROWS else each for each in drawing["data"]]
    svg = vl_convert.vega_to_svg(
        {**drawing, "data": data}, allowed_base_urls=[], format_locale=say.charts
    )
    sized = re.sub(r' width="\d+(\.\d+)?" height="\d+(\.\d+)?"', "", svg, count=1)
    return Markup(sized.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1))  # noqa: S704
