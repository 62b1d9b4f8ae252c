"""The page in a real Chromium: it asks for nothing, shows what the marts hold, and fits."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import duckdb
import pytest

from tap_billit.report.command import main
from tap_billit.report.figures import BUCKETS
from tap_billit.report.words import LANGUAGES
from tests.report.books import MONDAY, full
from tests.report.screen import VISIBLE, Screen, chromium

if TYPE_CHECKING:
    from collections.abc import Generator
    from datetime import date

    from tests.report.books import Row

WIDTHS = (1200, 800, 400)
SCREENS = [f"{language}{company}" for language in LANGUAGES for company in ("", "-7", "-8")]


@pytest.fixture(scope="module")
def screen(tmp_path_factory: pytest.TempPathFactory) -> Generator[Screen, None, None]:
    folder = tmp_path_factory.mktemp("browser")
    with chromium(folder / "profile") as driver:
        database, page = folder / "books.duckdb", folder / "report.html"
        with duckdb.connect(str(database)) as db:
            db.execute(full().script())
        main(["--database", str(database), "--output", str(page)])
        yield Screen(driver, page)


def test_no_request_leaves_and_the_console_is_silent(screen: Screen) -> None:
    screen.requests()
    for name in SCREENS:
        screen.show(name)
    asked = screen.requests()
    assert asked
    assert {url.partition(":")[0] for url in asked} <= {"file", "about"}
    assert screen.driver.get_log("browser") == []


def test_the_log_would_tell_of_a_request(screen: Screen) -> None:
    screen.show("")
    screen.driver.get_log("browser")
    screen.ask("document.body.append(Object.assign(new Image, {src: 'https://example.invalid/x'}))")
    (told,) = screen.driver.get_log("browser")
    assert "Content Security Policy" in told["message"]


def test_one_part_is_shown(screen: Screen) -> None:
    shown = f"return {VISIBLE}.map(each => each.id)"
    for name in SCREENS:
        screen.show(name)
        assert screen.ask(shown, "article") == [name]
    screen.show("")
    assert screen.ask(shown, "article") == ["en"]


def test_a_click_leads_to_another_language_and_back(screen: Screen) -> None:
    screen.show("en-7")
    click = "document.querySelector(`#${arguments[0]} [hreflang=${arguments[1]}]`).click()"
    owed = "return document.querySelector(`#${arguments[0]} .first dt`).innerText"
    for before, after, says in (("en", "nl", "Te ontvangen"), ("nl", "fr", "À recevoir")):
        screen.ask(click, f"{before}-7", after)
        assert screen.ask(owed, f"{after}-7") == says
    screen.driver.back()
    assert screen.ask(owed, "nl-7") == "Te ontvangen"


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_the_screen(screen: Screen, width: int, scheme: str) -> None:
    for name in SCREENS:
        screen.show(name, width=width, scheme=scheme)
        screen.ask("document.querySelectorAll('details').forEach(each => each.open = true)")
        assert screen.ask("return document.documentElement.scrollWidth") <= width, name


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_what_is_behind_it(screen: Screen, scheme: str) -> None:
    screen.show("en-7", scheme=scheme)
    colours = """
        const style = getComputedStyle(document.documentElement);
        const value = name => style.getPropertyValue(name).trim();
        return Object.fromEntries(arguments[0].map(name => [name, value(name)]));
    """
    names = ["--paper", "--ground", "--ink", "--muted", "--accent", "--other"]
    found = screen.ask(colours, names)
    for behind in ("--paper", "--ground"):
        for text in ("--ink", "--muted", "--accent"):
            assert contrast(found[text], found[behind]) >= 4.5, (text, behind)
        assert contrast(found["--other"], found[behind]) >= 3, "graphics"
    assert found["--paper"] == ("#ffffff" if scheme == "light" else "#1b2124")


def test_the_figures_are_those_of_the_marts(screen: Screen) -> None:
    screen.show("en-7")
    for side in ("receivable", "payable"):
        owed = [row for row in rows_of("billit__open_items") if row["side"] == side]
        assert screen.figure(side) == sum(row["company_open_amount"] for row in owed)
    flows = [row for row in rows_of("billit__cash_flow") if row["kind"] != "doubtful"]
    for name, weeks in (("lately", range(-4, 0)), ("soon", range(4))):
        starts = [_week(number) for number in weeks]
        moved = [row["net"] for row in flows if row["week_start"] in starts]
        assert screen.figure(name) == sum(moved)


def test_the_tables_behind_the_charts_are_those_of_the_marts(screen: Screen) -> None:
    screen.show("en-7")
    items = rows_of("billit__open_items")

    def owed(bucket: str, side: str) -> Decimal:
        rows = [row for row in items if (row["bucket"], row["side"]) == (bucket, side)]
        return sum((row["company_open_amount"] for row in rows), Decimal(0))

    ageing = screen.amounts("ageing")
    assert ageing[:-1] == [
        [owed(bucket, "receivable"), owed(bucket, "payable")] for bucket in BUCKETS
    ]
    assert ageing[-1] == [screen.figure("receivable"), screen.figure("payable")]
    flows = [row for row in rows_of("billit__cash_flow") if row["kind"] != "doubtful"]
    cash = {row["week_start"]: row for row in flows}
    for number, row in enumerate(screen.amounts("cash")[:-1], start=-12):
        moved = [cash[_week(number)][name] for name in ("money_in", "money_out")]
        assert row == ([*moved, 0, 0] if number < 0 else [0, 0, *moved])
    later = [cash[_week(number)] for number in range(9, 15)]
    sums = [sum(row[name] for row in later) for name in ("money_in", "money_out")]
    assert screen.amounts("cash")[-1] == [0, 0, *sums]
    (history,) = screen.amounts("history")
    assert history == [row["company_open_amount"] for row in rows_of("billit__ageing_monthly")]


def test_sales_purchases_and_vat_are_those_of_the_marts(screen: Screen) -> None:
    screen.show("en-7")
    rows = rows_of("billit__invoice_vat")

    def of(side: str, months: range, column: str) -> Decimal:
        return sum(
            (
                row[column]
                for row in rows
                if row["invoice_type"] == f"{side}_invoice" and row["invoice_date"].month in months
            ),
            Decimal(0),
        )

    trade = screen.amounts("trade")
    assert trade[2:] == [
        [
            of(side, range(month, month + 1), "company_untaxed_amount")
            for side in ("customer", "supplier")
        ]
        for month in range(1, 12)
    ]
    for start in (1, 4, 7, 10):
        months = range(start, start + 3)
        columns = ("company_untaxed_amount", "company_tax_amount")
        expected = [of(side, months, name) for side in ("customer", "supplier") for name in columns]
        (rate, total) = screen.amounts(f"2026-{start:02}-01")
        assert rate == expected
        assert total == [0, expected[1], 0, expected[3]]


def test_it_prints_what_is_shown(screen: Screen) -> None:
    screen.show("fr-8")
    screen.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert screen.ask(f"return {VISIBLE}.length", "nav, details") == 0
    pdf = screen.driver.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})
    assert len(pdf["data"]) > 10_000


def test_a_table_stays_one_when_it_is_shown_as_cards(screen: Screen) -> None:
    screen.show("nl-7", width=400)
    table = screen.driver.find_element("css selector", "#nl-7 [data-table=late]")
    row = table.find_element("css selector", "tbody tr")
    parts = [each for each in row.find_elements("css selector", "th, td") if each.text]
    roles = [each.aria_role for each in (table, row, *parts)]
    assert roles == ["table", "row", "rowheader", "cell", "cell", "cell"]


def test_charts_and_lists_of_links_have_names(screen: Screen) -> None:
    screen.show("nl-7")
    named = screen.driver.find_elements("css selector", "#nl-7 figure, #nl-7 nav ul")
    names = [(each.aria_role, each.accessible_name) for each in named]
    assert names == [
        ("list", "Bedrijven"),
        ("list", "Taal"),
        ("figure", "Kasstroom per week"),
        ("figure", "Ouderdomsbalans"),
        ("figure", "Verkoop en aankoop"),
        ("figure", "Te ontvangen, maand per maand"),
    ]


def rows_of(mart: str) -> list[Row]:
    """What a mart has of the company that is looked at."""
    return [row for row in full().rows[mart] if row["company_id"] == 7]


def contrast(one: str, other: str) -> float:
    """How much two colours differ, as WCAG 2 has it."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _week(number: int) -> date:
    return MONDAY + timedelta(weeks=number)
