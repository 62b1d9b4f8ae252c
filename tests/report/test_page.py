"""The page says what the marts hold, and nothing that Billit sends gets the better of it."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tap_billit.report import charts
from tap_billit.report.words import LANGUAGES, WORDS
from tests.report.books import Books, full
from tests.report.reading import Outline, article, figure, plain

if TYPE_CHECKING:
    from collections.abc import Callable

    Page = Callable[..., str]
    Capture = pytest.CaptureFixture[str]

undrawn = pytest.mark.usefixtures("undrawn")

EVIL = """<script>alert("1")</script></style></svg>'"><img src=x onerror=alert(1)> {{ 7 * 7 }}"""


@undrawn
def test_what_billit_sends_is_text(page: Page) -> None:
    books = Books().company(company_name=EVIL)
    named = {"partner_name": EVIL, "invoice_number": EVIL, "company_name": EVIL}
    bank = {"iban": EVIL, "payment_communication": EVIL, "approval_status": EVIL}
    bank |= {"currency": EVIL}
    books.open_item("10", side="payable", payment_method=EVIL, **named, **bank)
    books.open_item("10", "1-30", **named)
    books.contact(EVIL, average_days_late=Decimal(4))
    books.invoice("10", tax_category=EVIL)
    made = page(books)
    outline, usual = Outline(made), Outline(page(full()))
    assert {tag for tag, _ in outline.elements} <= {tag for tag, _ in usual.elements}
    assert not outline.attributes("onerror")
    assert "<script" not in made
    assert EVIL in outline.texts
    assert EVIL in [text.removeprefix("Billit, 2026-11-26: ") for text in outline.texts]


def test_there_is_no_script_and_nothing_to_fetch(page: Page) -> None:
    made = page(full())
    assert "default-src 'none'; style-src 'unsafe-inline'" in made
    outline = Outline(made)
    assert not {tag for tag, _ in outline.elements} & {"script", "link", "img", "iframe", "object"}
    assert all((link or "").startswith("#") for link in outline.attributes("href"))
    assert not re.search(r"url\(|@import|src=", made)


@undrawn
def test_each_id_is_one(page: Page) -> None:
    ids = Outline(page(full())).attributes("id")
    assert len(ids) == len(set(ids))
    assert {f"{code}-{company}" for code in LANGUAGES for company in (7, 8)} <= {*ids}
    assert {*LANGUAGES} <= {*ids}


@undrawn
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_link_leads_to_each_company_and_language(page: Page, language: str) -> None:
    part = article(page(full()), f"{language}-7")
    assert {*Outline(part).attributes("href")} == {
        f"#{language}",
        f"#{language}-7",
        f"#{language}-8",
    } | {f"#{other}-7" for other in LANGUAGES}


@undrawn
def test_one_company_needs_no_overview(page: Page) -> None:
    books = Books().company()
    books.open_item("100")
    ids = Outline(page(books)).attributes("id")
    assert ids == ["en-7", "nl-7", "fr-7"]


@undrawn
def test_the_language_it_opens_in_is_first(page: Page) -> None:
    made = page(Books().company(), "--language", "fr")
    assert Outline(made).attributes("id")[0] == "fr-7"
    assert '<html lang="fr">' in made


@undrawn
def test_numbers_and_days_are_written_as_their_readers_do(page: Page) -> None:
    books = Books().company()
    books.open_item("12345.60", side="payable", currency="USD")
    made = page(books)
    shown = [plain(article(made, f"{code}-7")) for code in LANGUAGES]
    assert "US$12,345.60" in shown[0]
    assert "US$ 12.345,60" in shown[1]
    assert "12 345,60 $US" in shown[2]
    assert "1 Dec 2026" in shown[0]
    assert "1 dec 2026" in shown[1]
    assert "1 déc. 2026" in shown[2]
    assert all("20:16" in each for each in shown), "19:16 UTC, as clocks in Brussels show it"


@undrawn
@pytest.mark.parametrize("bucket", ["not due", "over 90"])
def test_one_day_is_one_day(page: Page, bucket: str) -> None:
    books = Books().company()
    late = -1 if bucket == "not due" else 1
    books.open_item("5", bucket, side="payable", days_overdue=late)
    shown = plain(page(books))
    assert ("in 1 day " if late < 0 else "1 day late") in shown


@undrawn
def test_the_figures_on_top_are_those_of_the_marts(page: Page) -> None:
    books = Books().company()
    for amount, bucket in (("100.10", "not due"), ("50.05", "1-30"), ("-20.00", "31-60")):
        books.open_item(amount, bucket)
    books.open_item("70.00", side="payable")
    books.cash(-1, "actual", "30.30", "10.10")
    books.cash(-4, "actual", "1.00", "0")
    books.cash(-5, "actual", "1000", "0")
    books.cash(0, "actual", "1000", "0")
    books.cash(0, "expected", "5.50", "7.75")
    books.cash(3, "expected", "2.00", "0")
    books.cash(4, "expected", "1000", "0")
    books.cash(0, "doubtful", "1000", "0")
    part = article(page(books), "en-7")
    assert figure(part, "receivable") == Decimal("130.15")
    assert figure(part, "payable") == 70
    assert figure(part, "lately") == Decimal("21.20")
    assert figure(part, "soon") == Decimal("-0.25")
    assert "late: €50" in plain(part), "a credit note is not late"
    assert "over 90 days late: €1,000 to come in" in plain(part)


@undrawn
def test_what_to_pay_comes_with_all_that_paying_needs(page: Page) -> None:
    books = Books().company()
    bank = {"iban": "BE68 5390 0754 7034", "payment_communication": "+++090/9337/55493+++"}
    books.open_item("605.00", "1-30", side="payable", partner_name="Zuid NV", **bank)
    books.open_item("80.00", side="payable", partner_name="Oost NV", approval_status="pending")
    books.open_item("90.00", side="payable", payment_method="Domiciliation", **bank)
    books.open_item("7000.00", "over 90", side="payable", partner_name="Old NV")
    books.open_item("-30.00", side="payable", partner_name="Credit NV")
    shown = plain(article(page(books), "en-7"))
    assert "€605.00" in shown
    assert "BE68 5390 0754 7034" in shown
    assert "+++090/9337/55493+++" in shown
    assert "to approve" in shown
    assert "no account known" in shown
    assert "direct debit" in shown
    assert "Not in this list: €7,000.00" in shown
    assert "Credit notes to set off: €30.00 ." in shown
    assert "Old NV" not in shown
    assert "Credit NV" not in shown
    assert shown.index("Zuid NV") < shown.index("Oost NV")


@undrawn
def test_what_has_no_date_number_name_or_currency_is_to_be_paid_too(page: Page) -> None:
    books = Books().company()
    none = ("due_date", "days_overdue", "invoice_number", "partner_name", "currency")
    row = books.open_item("5.00", side="payable")
    row |= dict.fromkeys(none)
    assert f"? Invoice {row['invoice_id']} no account known €5.00" in plain(page(books))


@undrawn
def test_a_discount_is_shown_as_long_as_it_lasts(page: Page) -> None:
    books = Books().company()
    percent = Decimal("2.500000")
    discount: dict[str, Any] = {"side": "payable", "payment_discount_percentage": percent}
    row = books.open_item("5", **discount)
    row["payment_discount_date"] = row["as_of"]
    books.open_item("5", payment_discount_date=row["as_of"].replace(day=1), **discount)
    assert plain(article(page(books), "en-7")).count("2.5% off until 26 Nov") == 1


@undrawn
def test_long_lists_are_cut_and_say_so(page: Page) -> None:
    books = Books().company()
    for number in range(15):
        books.open_item("5", "1-30", partner_id=f"{number}")
        books.open_item("5", side="payable")
    assert plain(article(page(books), "en-7")).count("and 3 more, not shown") == 2


@undrawn
def test_a_month_end_with_nothing_open_is_a_month_end(page: Page) -> None:
    books = Books().company()
    books.open_item("5")
    books.month_end(date(2026, 6, 30), "not due", "3")
    books.month_end(date(2026, 8, 31), "1-30", "4")
    shown = plain(article(page(books), "en-7"))
    assert " Jun 26 3.00 Jul 26 Aug 26 4.00 Sept 26 Oct 26 " in shown
    assert "May 26" not in shown
    assert "Nov 26 " not in shown, "it is not over yet"


@undrawn
def test_who_pays_late_counts_customers_without_a_contact_too(page: Page) -> None:
    books = Books().company()
    books.open_item("40.00", "31-60", partner_id=None, partner_name="Nameless NV")
    books.contact("Usual NV", contact_id="2", average_days_late=Decimal("11.5"))
    books.contact("Early NV", contact_id="3", average_days_late=Decimal(-2))
    shown = plain(article(page(books), "en-7"))
    assert "Nameless NV €40.00 50 days" in shown
    assert "Usual NV 12 days late" in shown
    assert "Early NV" not in shown


@undrawn
def test_customers_without_a_contact_are_as_many_as_their_names(page: Page) -> None:
    books = Books().company()
    for name, amount in (("One NV", "40.00"), ("Two NV", "30.00"), ("One NV", "2.00")):
        books.open_item(amount, "31-60", partner_id=None, partner_name=name)
    assert "One NV €42.00 50 days Two NV €30.00 50 days" in plain(article(page(books), "en-7"))


@undrawn
def test_a_credit_note_is_not_late(page: Page) -> None:
    books = Books().company()
    books.open_item("40.00", "31-60")
    books.open_item("-10.00", "over 90")
    books.open_item("-10.00", "over 90", partner_id="2", partner_name="Credit NV")
    shown = plain(article(page(books), "en-7"))
    assert "Case NV €40.00 50 days" in shown
    assert "Credit NV" not in shown


@undrawn
def test_what_is_not_to_be_paid_is_told_in_its_currency(page: Page) -> None:
    books = Books().company()
    for kind, amount in (("over 90", "70.00"), ("not due", "-30.00")):
        books.open_item(amount, kind, side="payable")
        books.open_item(amount, kind, side="payable", currency="CHF", company_open_amount=None)
    shown = plain(article(page(books), "en-7"))
    assert "Not in this list: CHF70.00 , €70.00 that" in shown
    assert "to set off: CHF30.00 , €30.00 ." in shown


@undrawn
def test_companies_of_one_name_are_told_apart(page: Page, capsys: Capture) -> None:
    books = Books().company().company(company_id=8).company(company_id=9, company_name="Other")
    overview = plain(article(page(books), "en"))
    assert "Boon BV (7)" in overview
    assert "Boon BV (8)" in overview
    assert capsys.readouterr().out.endswith(": Boon BV (7), Boon BV (8), Other\n")


@undrawn
def test_a_company_of_two_names_has_all_that_it_is_owed(page: Page) -> None:
    books = Books().company()
    for amount, name in (("3", "Boon BV"), ("4", "Boon NV")):
        books.month_end(date(2026, 10, 31), "not due", amount, company_name=name)
    assert " Oct 26 7.00 " in plain(article(page(books), "en-7"))


@undrawn
def test_vat_is_by_quarter_rate_and_side(page: Page) -> None:
    books = Books().company()
    books.invoice("100.00")
    books.invoice("-10.00", invoice_type="customer_refund")
    books.invoice("40.00", invoice_type="supplier_invoice")
    books.invoice("30.00", tax_rate=Decimal(0), tax_category="AE", company_tax_amount=Decimal(0))
    books.invoice("1000.00", is_posted=False)
    shown = plain(article(page(books), "en-7"))
    assert "Q4 2026 VAT balance: 10.50" in shown
    assert "21% 90.00 18.90 40.00 8.40" in shown
    assert "0% reverse charge 30.00" in shown


GAPS = {
    "gap_bank": {"without": ("financial_transactions",)},
    "gap_deleted": {"without": ("deleted_orders",)},
    "gap_parties": {"without": ("parties",)},
}


@undrawn
@pytest.mark.parametrize("gap", GAPS)
def test_a_stream_that_is_missing_is_told(page: Page, gap: str) -> None:
    books = Books().company(**GAPS[gap])
    books.invoice("1")
    assert re.findall(r'data-gap="(\w+)"', article(page(books), "nl-7")) == [gap]


@undrawn
def test_invoices_without_details_and_amounts_without_a_rate_are_told(page: Page) -> None:
    books = Books().company()
    books.invoice("1")
    books.invoice("1", has_details=False)
    books.open_item("55.00", currency="CHF", company_open_amount=None)
    books.cash(-1, "actual", "0", "0", unconverted=2)
    books.cash(0, "expected", "0", "0", unconverted=1)
    shown = plain(article(page(books), "en-7"))
    assert "1 of 2 invoices were not read in detail" in shown
    assert "in no sum: CHF55.00 , 2 of the past" in shown


@undrawn
@pytest.mark.parametrize("books", [Books().company(), Books().company(without=("companies",))])
def test_marts_without_a_row_make_a_page(page: Page, books: Books) -> None:
    shown = plain(article(page(books), "en-7"))
    assert "There is nothing to pay." in shown
    assert "There is no VAT to show." in shown
    assert "Everybody pays in time." in shown
    assert "There is no invoice yet." in shown


@undrawn
def test_a_page_without_an_open_item_is_of_the_day_of_the_build(page: Page) -> None:
    made = page(Books().company(as_of=date(2020, 1, 1)))
    assert "<title>Billit, 2020-01-01: Boon BV</title>" in made
    assert "As of 1 January 2020" in plain(made)


@undrawn
def test_nothing_missing_is_said_too(page: Page) -> None:
    assert "Nothing is missing." in plain(article(page(full()), "en-7"))


def test_each_word_is_in_each_language() -> None:
    fields = re.compile(r"\{\w+\}")
    for word, texts in WORDS.items():
        assert [*texts] == [*LANGUAGES], word
        assert all(texts.values()), word
        assert len({frozenset(fields.findall(text)) for text in texts.values()}) == 1, word


def test_charts_keep_the_numbers_of_their_tables(page: Page) -> None:
    made = article(page(full()), "en-7")
    assert made.count("<svg ") == 4
    assert made.count('aria-hidden="true" focusable="false"') == 4
    assert [*re.findall(r'data-table="(cash|ageing|trade|history)"', made)] == [
        "cash",
        "ageing",
        "trade",
        "history",
    ]


def test_companies_share_what_their_charts_have_in_common(page: Page) -> None:
    charts._drawing.cache_clear()
    made = page(full())
    assert charts._drawing.cache_info().misses == 4 * len(LANGUAGES)
    first, second = (re.findall(r"<svg.*?</svg>", article(made, f"en-{key}")) for key in (7, 8))
    assert len(first) == len(second) == 4
    assert first[1] != second[1], "what is open differs"
    assert first[2] == second[2], "sales do not"
