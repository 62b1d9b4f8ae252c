"""Each of these mistakes in the SQL is found by the oracle: `make long`."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.transform.compare import wrong
from tests.transform.engines import NO_TESTS, TRANSFORM, DuckDb
from tests.transform.records import Tables

if TYPE_CHECKING:
    from datetime import date

    from tests.transform.conftest import Messages

pytestmark = [pytest.mark.long, pytest.mark.timeout(1200)]


class Mutation(NamedTuple):
    """A mistake: in a file, this text instead of that; and a mart that must show it."""

    file: str
    right: str
    mistaken: str
    mart: str


MUTATIONS = {
    "sign of credit notes": Mutation(
        "models/marts/billit__invoices.sql",
        "case when order_type = 'CreditNote' then -1 else 1 end as sign",
        "1 as sign",
        "billit__invoices",
    ),
    "without a date for ever": Mutation(
        "models/marts/billit__invoices.sql",
        "cast(created_at as date), cast(last_modified_at as date), cast(extracted_at as date)",
        "cast(created_at as date)",
        "billit__open_items",
    ),
    "the year 1 is a date": Mutation(
        "macros/source_rows.sql",
        "'1900-01-01'",
        "'0001-01-01'",
        "billit__invoices",
    ),
    "sign of lines": Mutation(
        "models/marts/billit__invoice_lines.sql",
        "cast(invoices.sign * lines.total_excl as",
        "cast(lines.total_excl as",
        "billit__invoice_lines",
    ),
    "oldest copy": Mutation(
        "models/intermediate/int_billit__orders.sql",
        "order by last_modified_at desc nulls last, extracted_at desc, preference, stream",
        "order by last_modified_at, extracted_at desc, preference, stream",
        "billit__invoices",
    ),
    "the table of invoices before that of credit notes": Mutation(
        "models/intermediate/int_billit__orders.sql",
        "order by last_modified_at desc nulls last, extracted_at desc, preference, stream",
        "order by preference, stream desc, last_modified_at desc",
        "billit__invoices",
    ),
    "the index is not asked": Mutation(
        "models/intermediate/int_billit__orders.sql",
        "from {{ ref('stg_billit__order_index') }}\n    where",
        "from {{ ref('stg_billit__order_index') }}\n    where false and",
        "billit__invoices",
    ),
    "details before newer rows": Mutation(
        "models/intermediate/int_billit__orders.sql",
        "order by last_modified_at desc nulls last, preference, extracted_at desc, stream",
        "order by preference desc, last_modified_at desc, extracted_at desc, stream",
        "billit__open_items",
    ),
    "deletes ignored": Mutation(
        "models/intermediate/int_billit__orders.sql",
        "coalesce(deleted.extracted_at >= now.seen_at, false) as is_deleted",
        "false as is_deleted",
        "billit__deleted_invoices",
    ),
    "what came back stays deleted": Mutation(
        "models/intermediate/int_billit__orders.sql",
        "coalesce(deleted.extracted_at >= now.seen_at, false) as is_deleted",
        "deleted.order_id is not null as is_deleted",
        "billit__invoices",
    ),
    "the account of another supplier": Mutation(
        "models/intermediate/int_billit__orders.sql",
        "case when {{ same_partner }} then details.iban end as iban",
        "details.iban",
        "billit__invoices",
    ),
    "no ID of a partner taken for another": Mutation(
        "models/intermediate/int_billit__orders.sql",
        "details.partner_id is not distinct from state.partner_id",
        "details.partner_id = state.partner_id",
        "billit__invoices",
    ),
    "orders that the index does not describe are lost": Mutation(
        "models/intermediate/int_billit__orders.sql",
        "coalesce(now.company_id, state.company_id)",
        "now.company_id",
        "billit__invoices",
    ),
    "companies that only the index names": Mutation(
        "models/intermediate/int_billit__companies.sql",
        "    select company_id from {{ ref('stg_billit__order_index') }}\n    union\n",
        "",
        "billit__invoices",
    ),
    "companies that only products name": Mutation(
        "models/intermediate/int_billit__companies.sql",
        "    select company_id from {{ ref('stg_billit__products') }}\n    union\n",
        "",
        "billit__coverage",
    ),
    "purchases taken for sales": Mutation(
        "models/intermediate/int_billit__orders.sql",
        "when state.stream like 'supplier_%' then 'Cost'",
        "when false then 'Cost'",
        "billit__invoices",
    ),
    "credit notes taken for invoices": Mutation(
        "models/intermediate/int_billit__orders.sql",
        "when state.stream like '%_credit_note%' then 'CreditNote'",
        "when false then 'CreditNote'",
        "billit__invoices",
    ),
    "direction of rates": Mutation(
        "macros/rules.sql",
        "{{ billit.ratio(amount, rate) }}",
        "round({{ amount }} * {{ rate }}, 2)",
        "billit__open_items",
    ),
    "a text is no truth": Mutation(
        "macros/rules.sql",
        "when 'true' then true when 'false' then false end",
        "when 'true' then true else false end",
        "billit__invoice_lines",
    ),
    "half a cent of a double cut off": Mutation(
        "macros/engines.sql",
        "cast(cast(' ~ value ~ ' as varchar) as '",
        "cast(cast(' ~ value ~ ' as double) as '",
        "billit__invoices",
    ),
    "no tax taken for no amount": Mutation(
        "models/marts/billit__invoices.sql",
        ", invoices.converted_untaxed_amount)",
        ")",
        "billit__invoices",
    ),
    "no tax of a rate taken for no amount": Mutation(
        "models/marts/billit__invoice_vat.sql",
        ", groups.converted_untaxed_amount)",
        ")",
        "billit__invoice_vat",
    ),
    "half a cent cut off": Mutation(
        "macros/engines.sql",
        " ~ scale ~ ' + ' ~ divisor ~ ')'",
        " ~ scale ~ ')'",
        "billit__invoices",
    ),
    "fan-out over assignments": Mutation(
        "models/marts/billit__payments.sql",
        "        sum(amount) as amount\n    from bank\n    group by invoice_id",
        "        amount\n    from bank",
        "billit__payments",
    ),
    "fan-out over numbers": Mutation(
        "models/intermediate/int_billit__invoice_context.sql",
        "having count(*) = 1",
        "having count(*) >= 1",
        "billit__invoices",
    ),
    "set-offs taken for refunds": Mutation(
        "models/marts/billit__payments.sql",
        "over (partition by company_id, transaction_id) < 0",
        "over (partition by company_id, transaction_id, order_id) < 0",
        "billit__payments",
    ),
    "no money taken for money back": Mutation(
        "models/marts/billit__payments.sql",
        "over (partition by company_id, transaction_id) < 0",
        "over (partition by company_id, transaction_id) <= 0",
        "billit__payments",
    ),
    "orders that are gone set nothing off": Mutation(
        "models/marts/billit__payments.sql",
        "where entities.entity_type = 'Order'",
        "where entities.entity_type = 'Order' and not orders.is_deleted",
        "billit__payments",
    ),
    "transactions of two companies taken for one": Mutation(
        "models/marts/billit__payments.sql",
        "concat('bank-', company_id, '-', transaction_id,",
        "concat('bank-', transaction_id,",
        "billit__payments",
    ),
    "an excess of the bank's taken for money": Mutation(
        "models/marts/billit__cash_flow.sql",
        "        and sign(payments.amount) = sign(invoices.total)\n",
        "",
        "billit__cash_flow",
    ),
    "money of a day to come has moved": Mutation(
        "models/marts/billit__cash_flow.sql",
        "    where day <= {{ as_of }}\n",
        "",
        "billit__cash_flow",
    ),
    "credit notes that are set off taken for money": Mutation(
        "models/marts/billit__payments.sql",
        "in (invoices.billit_status, credited.billit_status)",
        "in (invoices.billit_status)",
        "billit__cash_flow",
    ),
    "ageing of today": Mutation(
        "models/marts/billit__ageing_monthly.sql",
        "balances.valid_from <= month_ends.as_of\n"
        "        and (balances.valid_until > month_ends.as_of or balances.valid_until is null)",
        "balances.valid_until is null",
        "billit__ageing_monthly",
    ),
    "ageing by the date of the invoice": Mutation(
        "models/marts/billit__ageing_monthly.sql",
        "month_ends.as_of - invoices.due_date",
        "month_ends.as_of - invoices.invoice_date",
        "billit__ageing_monthly",
    ),
    "a day late is not overdue": Mutation(
        "macros/rules.sql",
        "when {{ days_overdue }} <= 0 then",
        "when {{ days_overdue }} <= 1 then",
        "billit__ageing_monthly",
    ),
    "drafts count": Mutation(
        "models/intermediate/int_billit__balances.sql",
        "where is_posted and",
        "where",
        "billit__open_items",
    ),
    "currencies mixed": Mutation(
        "models/marts/billit__open_items.sql",
        "{{ billit.converted('open_amount', 'currency', 'company_currency', 'exchange_rate') }}",
        "open_amount",
        "billit__open_items",
    ),
    "years late": Mutation(
        "models/marts/billit__cash_flow.sql",
        "0), 365) as integer",
        "0), 99999) as integer",
        "billit__cash_flow",
    ),
    "paid on a day to come": Mutation(
        "models/marts/billit__contacts.sql",
        "paid_date <= {{ billit.as_of() }}",
        "paid_date is not null",
        "billit__contacts",
    ),
    "old debts expected this week": Mutation(
        "models/marts/billit__cash_flow.sql",
        "case when items.days_overdue > 90 then 'doubtful' else 'expected' end",
        "'expected'",
        "billit__cash_flow",
    ),
}


VERSIONS = "models/intermediate/int_billit__order_versions.sql"
CONTEXT = "models/intermediate/int_billit__invoice_context.sql"

UNNOTICED = {
    "what was read again": Mutation(
        "macros/kept.sql",
        "kept.{{ version }} = present.{{ version }}",
        "kept.{{ version }} is not null",
        "billit__invoices",
    ),
    "what the index says": Mutation(VERSIONS, "'order_index', ", "", "billit__invoices"),
    "what was deleted": Mutation(VERSIONS, ", 'deleted_orders'", "", "billit__deleted_invoices"),
    "a company": Mutation(CONTEXT, "'company_name', 'company_currency', ", "", "billit__invoices"),
    "an account": Mutation(CONTEXT, "'party_iban', 'party_bic',", "", "billit__invoices"),
    "a number used again": Mutation(CONTEXT, "'credited_invoice_id', ", "", "billit__invoices"),
    "a product": Mutation(CONTEXT, "'products_version', ", "", "billit__invoice_lines"),
}
"""What changed between two builds, and would not be noticed."""


@pytest.fixture(scope="module")
def built(loaded: Messages, tmp_path_factory: pytest.TempPathFactory) -> DuckDb:
    """The models without a mistake, of a copy of the project."""
    engine = DuckDb(tmp_path_factory.mktemp("mutations"))
    project = engine.folder / "transform"
    shutil.copytree(TRANSFORM, project, ignore=shutil.ignore_patterns("target", "logs"))
    engine.load(*loaded.runs[0])
    engine.dbt("build", *NO_TESTS, project=project, as_of=loaded.today)
    engine.copy(engine.folder / "first")
    engine.load(*loaded.runs[1])
    engine.dbt("build", *NO_TESTS, project=project, as_of=loaded.today)
    assert wrong(engine, Tables.of(loaded.files), loaded.today) == []
    return engine


@pytest.mark.parametrize("name", MUTATIONS)
def test_the_oracle_finds(name: str, built: DuckDb, loaded: Messages, tmp_path: Path) -> None:
    mutation, engine = MUTATIONS[name], built.copy(tmp_path)
    model = Path(mutation.file).stem if mutation.file.startswith("models/") else ""
    selected = [f"{model}+"] if model else ["staging", "intermediate", "marts"]
    _run(mutation, engine, built.folder, loaded.today, "--full-refresh", "--select", *selected)
    assert mutation.mart in _marts(engine, Tables.of(loaded.files), loaded)


@pytest.mark.parametrize("name", UNNOTICED)
def test_the_next_build_notices(name: str, built: DuckDb, loaded: Messages, tmp_path: Path) -> None:
    mutation, engine = UNNOTICED[name], DuckDb(built.folder / "first").copy(tmp_path)
    _run(mutation, engine, built.folder, loaded.today, "--full-refresh")
    engine.load(*loaded.runs[1])
    _run(mutation, engine, built.folder, loaded.today)
    assert mutation.mart in _marts(engine, Tables.of(loaded.files), loaded)


def _run(mutation: Mutation, engine: DuckDb, folder: Path, today: date, *arguments: str) -> None:
    """Make the models with the mistake in them."""
    project = folder / "transform"
    file = project / mutation.file
    right = file.read_text(encoding="utf-8")
    assert mutation.right in right
    file.write_text(right.replace(mutation.right, mutation.mistaken), encoding="utf-8")
    try:
        engine.dbt("run", *arguments, project=project, as_of=today)
    finally:
        file.write_text(right, encoding="utf-8")


def _marts(engine: DuckDb, tables: Tables, loaded: Messages) -> set[str]:
    """The marts that are wrong; a key that is there twice counts."""
    try:
        return {said.split(":")[0].split(" ")[0] for said in wrong(engine, tables, loaded.today)}
    except AssertionError as twice:
        return {str(twice).split(":", maxsplit=1)[0]}
