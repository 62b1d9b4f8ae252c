"""Histories that lose something where a rule of the tap is missing, each as short as it gets.

Requests are numbered from 0: the account, the mark, then pages of two.
"""

from __future__ import annotations

from tap_billit.demo import Reply
from tests.kit.history import MINUTE, History
from tests.simulation.tables import ALL
from tests.simulation.targets import BufferedByStream
from tests.simulation.world import (
    SECOND,
    Add,
    Create,
    Delete,
    Move,
    Pay,
    Refuse,
    Remove,
    Touch,
    Unpay,
    Wait,
)

SECOND_PAGE = 3


def deleted_between_pages() -> None:
    """An order goes, the rest moves up by one, over the edge of the page."""
    history = History()
    history.billit(Create(times=5))
    history.sync(plan={SECOND_PAGE: [Delete(0)]})


def moved_between_pages() -> None:
    """The same, by an order that becomes a credit note."""
    history = History()
    history.billit(Create(times=5))
    history.sync(plan={SECOND_PAGE: [Move(0, kind=1)]})


def changed_behind_then_ahead() -> None:
    """While page two is awaited an order of page one changes, and later one that is to come."""
    history = History()
    history.billit(Create(times=4), Wait(60 * MINUTE))
    history.sync(plan={SECOND_PAGE: [Touch(0), Wait(10 * MINUTE), Touch(3)]})
    history.sync()


def commits_late() -> None:
    """A change is stamped before the mark and appears after it."""
    history = History()
    history.billit(Create())
    history.sync()
    history.billit(Wait(SECOND), Touch(0, age=4 * MINUTE), Create())
    history.sync()


def commits_as_late_as_allowed() -> None:
    """A change is stamped with the very time of the bookmark."""
    history = History()
    history.billit(Create())
    history.sync()
    history.billit(Touch(0, age=5 * MINUTE), Create())
    history.sync()


def commits_late_under_the_same_mark() -> None:
    """A change appears late, and the newest LastModified is what it was."""
    history = History()
    history.billit(Create(times=2))
    history.sync()
    history.billit(Touch(0, age=MINUTE))
    history.sync()


def ties_with_the_mark_as_late_as_allowed() -> None:
    """The lookback after the mark, to the tick, an order appears with the stamp of the mark."""
    history = History()
    history.billit(Create(age=5 * MINUTE))
    history.sync()
    history.billit(Create(age=5 * MINUTE))
    history.sync()


def changed_behind_a_killed_run() -> None:
    """A run is killed after page one, an order on it changes, the next run goes on behind it."""
    history = History()
    history.billit(Create(times=4))
    history.sync(kill_at=5)
    assert history.target.state["bookmarks"]
    history.billit(Wait(20 * MINUTE), Touch(0), Wait(20 * MINUTE), Create(kind=4))
    history.sync()
    history.sync()


def bookmark_changed_by_hand(bookmark: str | None) -> None:
    """A run is killed; the user empties the table, and changes the bookmark to fill it again."""
    history = History()
    history.billit(Create(times=4), Wait(60 * MINUTE), Create(times=4), Wait(20 * MINUTE))
    history.sync()
    history.billit(*(Touch(number) for number in range(4, 8)), Wait(20 * MINUTE), Create(kind=4))
    history.sync(kill_at=5)
    (partition,) = history.target.state["bookmarks"]["sales_invoices"]["partitions"]
    assert "crawl" in partition
    partition["replication_key_value"] = bookmark
    history.target.tables.clear()
    history.sync()


def bookmark_set_back_by_hand() -> None:
    bookmark_changed_by_hand("2026-01-01T00:00:00")


def bookmark_removed_by_hand() -> None:
    bookmark_changed_by_hand(None)


def repeated_hour() -> None:
    """In autumn 02:50 is followed by 02:10."""
    history = History("2026-10-25T00:50:00")
    history.billit(Create(times=2), Wait(12 * MINUTE))
    history.sync()
    history.billit(Wait(8 * MINUTE), Touch(0), Wait(60 * MINUTE))
    history.sync()


def first_state_taken_for_stored() -> None:
    """A loader flushes one stream, hands back its first STATE, and dies with another stream."""
    history = History(target=BufferedByStream(3), streams=("sales_invoices", "supplier_invoices"))
    history.billit(Create(times=2), Wait(20 * MINUTE), Create(kind=2, times=4))
    history.sync(dies=True)
    history.sync()


def set_aside_and_killed(status: int, kill_at: int | None) -> None:
    """Details cannot be read in one run; the next one, which can, is killed; then one more."""
    history = History(streams=("sales_invoice_details",))
    history.billit(Create(times=5), Wait(20 * MINUTE), Create(), Wait(6 * MINUTE))
    odd = {order: Reply.error(status, "Odd") for order in sorted(history.world.orders)[1:3]}
    assert not history.sync(unreadable=odd).complete
    history.billit(Create())
    if kill_at is not None:
        history.sync(kill_at=kill_at)
    history.sync()


def not_readable_for_a_while() -> None:
    set_aside_and_killed(403, None)


def not_found_for_a_while() -> None:
    set_aside_and_killed(404, None)


def cannot_be_written(stream: str) -> None:
    """A record fails on its way out: the run fails, and says a last STATE."""
    history = History(streams=(stream,))
    history.billit(Create(times=5), Wait(6 * MINUTE))
    assert not history.sync(fail_at=2).complete
    history.sync()


def row_cannot_be_written() -> None:
    cannot_be_written("sales_invoices")


def details_cannot_be_written() -> None:
    cannot_be_written("sales_invoice_details")


def file_cannot_be_written() -> None:
    cannot_be_written("invoice_files")


def moved_before_its_details_are_read() -> None:
    """An order is listed as an invoice, and is a credit note when its details are asked."""
    history = History(streams=("sales_invoice_details", "sales_credit_note_details"))
    history.billit(Create(times=3), Wait(6 * MINUTE))
    history.sync(plan={SECOND_PAGE + 1: [Move(0, kind=1)]})
    history.billit(Wait(6 * MINUTE))
    history.sync()


def deleted_before_its_files_are_read() -> None:
    """Its details name a file, which goes with it before it is asked; nothing is missing."""
    history = History(streams=("invoice_files",))
    history.billit(Create(), Wait(6 * MINUTE))
    run = history.sync(plan={4: [Delete(0)]})
    assert "/v1/files/" in run.requests[4].path


def quiet_in_one_company_alone() -> None:
    """An order changes in the second company, and nothing in the first."""
    history = History(companies=2)
    history.billit(Create(), Create(company=1), Wait(MINUTE), Create(), Wait(10 * MINUTE))
    history.sync()
    history.billit(Touch(1), Wait(10 * MINUTE))
    history.sync()


def refused_for_a_while() -> None:
    """A company is refused in one run, and complete in the next."""
    history = History(companies=2)
    history.billit(Create(times=2), Create(times=2, company=1), Refuse(0))
    assert history.sync().error
    history.billit(Wait(6 * MINUTE), Refuse(0, refused=False))
    assert not history.sync().error


def deleted_while_listed(*parties: int) -> None:
    """Parties go before page two is answered, the rest moves up over the edge of the page."""
    history = History(streams=("parties",))
    history.billit(Add(times=6), Wait(6 * MINUTE))
    history.sync(plan={SECOND_PAGE: [Remove("parties", number) for number in parties]})


def party_is_deleted_between_pages() -> None:
    deleted_while_listed(0)


def parties_are_deleted_between_pages() -> None:
    deleted_while_listed(0, 0)


def credit_note_has_files() -> None:
    history = History(streams=("invoice_files",))
    history.billit(Create(kind=1), Create(kind=3), Wait(6 * MINUTE))
    history.sync()


def one_of_each() -> None:
    """All kinds of orders, and what surrounds them, in two companies; all streams."""
    history = History(streams=ALL, page_size=3, companies=2)
    for company in (0, 1):
        history.billit(*(Create(kind, company=company) for kind in range(5)))
        history.billit(Add("parties", company=company), Add("products", company=company))
    history.billit(Pay(1), Delete(2), Wait(6 * MINUTE))
    history.sync()


def refreshed_story(hours: int = 0) -> History:
    """Five open orders on three pages are read; they are refreshed every so many hours."""
    history = History(refresh_unpaid=True, refresh_unpaid_hours=hours)
    history.billit(Create(times=5), Wait(20 * MINUTE), Create(kind=4), Wait(6 * MINUTE))
    history.sync()
    return history


def paid_in_silence(days: int | None, order: int = 1) -> None:
    """A payment moves no LastModified and is dated so many days from now, or not at all."""
    history = refreshed_story()
    history.billit(Pay(order, quiet=True, days=days))
    history.sync()
    assert [row["Paid"] for row in history.target.tables["sales_invoices"].values()].count(True)


def paid_today() -> None:
    paid_in_silence(0)


def paid_two_months_ago() -> None:
    paid_in_silence(-60)


def paid_without_a_date() -> None:
    paid_in_silence(None)


def paid_behind_the_list() -> None:
    """Nothing that is listed comes after it."""
    paid_in_silence(-60, order=4)


def paid_is_no_longer_said() -> None:
    """It was open, and says neither that it is nor that it is not."""
    history = refreshed_story()
    order, row = min(history.world.orders.items())
    history.world.account.change(order, Paid=None, LastModified=row["LastModified"])
    history.sync()
    _, _, *pages = history.sync().requests
    assert len(pages) == len({request.query["$filter"] for request in pages}) == 2


def killed_before_it_was_asked() -> None:
    """A refresh is cut short behind an order that has left; the next one is a day off."""
    history = refreshed_story(hours=24)
    history.billit(Pay(0, quiet=True, days=-60), Wait(25 * 60 * MINUTE))
    history.sync(kill_at=6)
    history.sync()


def killed_while_it_was_asked() -> None:
    """The record of an order that has left cannot be written."""
    history = refreshed_story(hours=24)
    history.billit(Pay(0, quiet=True, days=-60), Wait(25 * 60 * MINUTE))
    assert not history.sync(fail_at=4).complete
    history.sync()


def open_again_and_killed() -> None:
    """A payment is taken back, the run that wrote so is killed, and the order is paid again."""
    history = refreshed_story()
    history.billit(Pay(0, quiet=True))
    history.sync()
    history.billit(Unpay(0))
    assert not history.sync(kill_at=5).complete
    order = min(history.world.orders)
    assert not history.target.tables["sales_invoices"][order,]["Paid"]
    history.billit(Pay(0, quiet=True))
    history.sync()


def open_and_of_another_kind() -> None:
    """An open invoice is an offer now."""
    history = refreshed_story()
    history.billit(Move(0, kind=4))
    history.sync()


def became_an_offer() -> None:
    """No stream of invoices has it any more; the index says what it is."""
    history = History(streams=("sales_invoices", "orders"))
    history.billit(Create(times=3), Wait(6 * MINUTE))
    history.sync()
    history.billit(Move(1, kind=4), Wait(6 * MINUTE))
    history.sync()
    kinds = [row["OrderType"] for row in history.target.tables["orders"].values()]
    assert kinds == ["Invoice", "Offer", "Invoice"]


def open_since_the_last_refresh() -> None:
    """An order is read between two refreshes, and paid in silence before the second."""
    history = refreshed_story(hours=24)
    history.billit(Create(), Wait(20 * MINUTE), Create(), Wait(6 * MINUTE))
    history.sync()
    history.billit(Pay(6, quiet=True, days=-60), Wait(25 * 60 * MINUTE))
    history.sync()


def state_that_knows_no_open_ones() -> None:
    """It is of an earlier version; an order was paid in silence before the upgrade."""
    history = refreshed_story()
    history.billit(Pay(1, quiet=True, days=-60))
    for stream in history.target.state["bookmarks"].values():
        for partition in stream["partitions"]:
            del partition["open"]
    history.sync()


def owed_for_longer() -> None:
    """Nothing changes but the day."""
    history = refreshed_story()
    history.billit(Wait(40 * 24 * 60 * MINUTE))
    history.sync()
