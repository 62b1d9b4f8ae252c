"""The firms of an account: its companies, and the customers and suppliers they deal with."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from tap_billit.demo.identifiers import iban, vat_number
from tap_billit.demo.lifecycle import START
from tap_billit.demo.seeded_random import chance, decimal, seeded_random
from tap_billit.demo.timestamps import DAY, HOUR, midnight, written

if TYPE_CHECKING:
    import random

Json = dict[str, Any]

_CURRENCIES = ("EUR", "EUR", "USD")
"""The currencies that companies keep their books in: every third trades in dollars."""

FIRST_COMPANY, FIRST_PARTY = 401_117, 620_003
PARTIES_AT_START = 40
MOST_PARTIES = 200

_NAMES = {
    "BE": (
        "Bakkerij De Gouden Aar",
        "Boulangerie L'Épi Doré",
        "Garage Vandeputte & Zonen",
        'Café "De Scheve Toren"',
        "Menuiserie Delcourt-Noël",
        "Studio Zesenveertig",
        "Loodgieterij 't Kraantje",
        "Ateliers Brûlé et Fils",
        "Drukkerij Hoekstraat",
        "Fleurs d'Hélène",
        "Transport Wijngaert",
        "Brasserie du Vieux Canal",
        "Schilderwerken Coëme",
        "Elektro Maeterhof",
        "Cabinet O'Dwyer-Lambrecht",
        "Tuinen van Overbeek",
    ),
    "FR": ("Pâtisserie Grandchêne", "Société d'Études Lœuvre", "Vins de l'Orée"),
    "NL": ("Fietsenmakerij 't Wiel", "Kwekerij Jansdam", "Koëter Advies"),
    "DE": ("Müßig & Söhne", "Tischlerei Grünauer", "Weißbach Technik"),
    "GB": ("O'Hanlon Trading", 'The "Blue Door" Press', "Ashcombe Fittings"),
}
_FORMS = {
    "BE": ("BV", "NV", "SRL", "SA", "VOF"),
    "FR": ("SARL", "SAS"),
    "NL": ("B.V.",),
    "DE": ("GmbH", "AG"),
    "GB": ("Ltd", "LLP"),
}
_TOWNS = {
    "BE": (
        ("9000", "Gent"),
        ("4000", "Liège"),
        ("2000", "Antwerpen"),
        ("5000", "Namur"),
        ("1000", "Brussel"),
        ("8500", "Kortrijk"),
        ("7000", "Mons"),
        ("3000", "Leuven"),
    ),
    "FR": (("59000", "Lille"), ("57000", "Metz")),
    "NL": (("4811 AA", "Breda"), ("6211 AB", "Maastricht")),
    "DE": (("52062", "Aachen"), ("50667", "Köln")),
    "GB": (("CT1 2AA", "Canterbury"), ("LS1 4AP", "Leeds")),
}
_STREETS = {
    "BE": ("Molenstraat", "Rue de l'Église", "Stationslaan", "Chaussée Romaine", "Kerkplein"),
    "FR": ("Rue des Tilleuls", "Allée du Château"),
    "NL": ("Dorpsstraat", "'s-Gravenweg"),
    "DE": ("Bahnhofstraße", "Mühlenweg"),
    "GB": ("King's Road", "Mill Lane"),
}
_PEOPLE = (
    ("Amélie", "Dewaele"),
    ("Bram", "Van 't Hoff"),
    ("Chloé", "Lefèvre"),
    ("Daan", "Coëmans"),
    ("Siobhán", "O'Rourke"),
    ("Jürgen", "Weiß"),
)
_SUMMARY = (
    "PartyID",
    "Addresses",
    "Street",
    "StreetNumber",
    "Box",
    "City",
    "CountryCode",
    "VATNumber",
    "PartyType",
    "VATLiable",
    "DisplayName",
    "VATDeductable",
    "Identifiers",
)


def companies(*, seed: int, count: int, before: int = 0) -> list[Json]:
    """The `Companies[]` of accountInformation, the oldest first; others have so many `before`."""
    return [
        _company(seeded_random(seed, 10, number), number, party_id=company_id(before + number))
        for number in range(count)
    ]


def company_id(number: int, /) -> int:
    """The PartyID of Billit's company of that number."""
    return FIRST_COMPANY + 1_913 * number


def _company(rng: random.Random, number: int, *, party_id: int) -> Json:
    alias = ("Zilvermeer", "Pré-Vert", "d'Hondt & Dochter", "Noordkaai")[number % 4]
    name = f"{alias} {rng.choice(_FORMS['BE'])}"
    vat = vat_number(rng, "BE")
    address = _address(rng, "BE")
    return {
        "TabNameAlias": alias.upper(),
        "APIAllowed": True,
        "APIEnabledFeatures": {
            "TimeRegistration": False,
            "Projects": True,
            "DailyReceipts": False,
            "FinancialReduction": False,
            "GLAccounts": False,
            "Cashbook": False,
        },
        "UserLanguage": "NL",
        "PartyID": party_id,
        "BookYearStart": midnight(date(2026, 1, 1)),
        "Name": name,
        "Addresses": [
            {"AddressType": kind, "Name": name, **address}
            for kind in ("InvoiceAddress", "DeliveryAddress")
        ],
        "VATNumber": vat,
        "VATLiable": True,
        "Users": [],
        "Role": "Professional",
        "VATDeductable": True,
        "Identifiers": [_identifier(vat)],
        "DefaultCurrencyTC": _CURRENCIES[number % len(_CURRENCIES)],
        "SendUBL": True,
        "SendPDF": True,
    }


class Parties:
    """The customers (even numbers) and suppliers (odd numbers) of one company.

    Each month brings a new one; every few months each of them is edited, its dice know when.
    """

    def __init__(self, *, seed: int, company: int, companies: int, before: int = 0) -> None:
        self._seed, self._company, self._companies = seed, company, companies
        self._first = FIRST_PARTY + 7 * (MOST_PARTIES * before + company)
        self._made: dict[int, Json] = {}
        self._short: dict[int, Json] = {}

    def count(self, now: int, /) -> int:
        """How many there are at that moment."""
        return PARTIES_AT_START + max(0, now - START) // (30 * DAY)

    def pick(self, rng: random.Random, *, at: int, direction: str) -> int:
        """The number of a party that existed then: some are met more often than others."""
        pairs = self.count(at) // 2
        return int(rng.random() ** 1.7 * pairs) * 2 + (direction == "Cost")

    def party(self, number: int, now: int) -> Json:
        """The Party as it stands at that moment."""
        made = self._made.get(number)
        if made is None:
            made = self._made[number] = self._make(number)
        rng = seeded_random(self._seed, 12, self._company, number)
        period = rng.randrange(60, 240) * DAY
        edited = START + rng.randrange(period // 2, period) + 9 * HOUR
        created = self._created(number, rng)
        edits = max(0, now - max(edited, created)) // period
        last = max(edited, created) + edits * period if now >= edited else created
        made["Phone"] = f"+32 2 {(number * 7_919 + edits * 101) % 900 + 100} 12 34"
        made["LastModified"] = written(max(last, created))
        made["Created"] = written(created)
        return dict(made)

    def summary(self, number: int) -> Json:
        """What a list shows as CounterParty: a DisplayName, neither Name nor Zipcode."""
        if number not in self._short:
            party = self.party(number, START)
            keys = ("IdentifierType", "Identifier")
            self._short[number] = {key: party[key] for key in _SUMMARY if key in party} | {
                "Addresses": [],
                "Identifiers": [{key: each[key] for key in keys} for each in party["Identifiers"]],
            }
        return self._short[number]

    def _created(self, number: int, rng: random.Random) -> int:
        newer = number - PARTIES_AT_START
        if newer < 0:
            return START - rng.randrange(30, 900) * DAY + rng.randrange(8 * HOUR, 16 * HOUR)
        return START + (newer + 1) * 30 * DAY

    def _make(self, number: int) -> Json:
        rng = seeded_random(self._seed, 11, self._company, number)
        country = rng.choices(("BE", "FR", "NL", "DE", "GB"), (80, 7, 7, 3, 3))[0]
        form = rng.choice(_FORMS[country])
        name = f"{rng.choice(_NAMES[country])} {form}"
        vat, address = vat_number(rng, country), _address(rng, country)
        first, last = rng.choice(_PEOPLE)
        customer = number % 2 == 0
        code = 10_000 + number
        return {
            "PartyID": self._first + 7 * number * self._companies,
            "Nr": f"{'K' if customer else 'L'}{code}",
            "Name": name,
            "Addresses": [
                {"AddressType": "InvoiceAddress", **address},
                {"AddressType": "DeliveryAddress", "CountryCode": country},
            ],
            **address,
            "IBAN": iban(rng, country),
            "BIC": f"DEMO{country}22",
            "Phone": "",
            "Email": f"administratie@klant{code}.example",
            "Contact": f"{first} {last}",
            "ContactFirstName": first,
            "ContactLastName": last,
            "VATNumber": vat,
            "LastModified": "",
            "Created": "",
            "PartyType": "Customer" if customer else "Supplier",
            "VATLiable": True,
            "Language": rng.choice(("NL", "FR")) if country in {"BE", "FR"} else "EN",
            "VentilationCode": "4" if customer else "1",
            "CustomFields": [{"Key": "Segment", "Value": "retail"}] if chance(rng, 0.1) else [],
            "BankAccounts": [],
            "Users": [],
            "DefaultPaid": False,
            "DisplayName": name,
            "DefaultExpiryOffset": 30,
            "GLDefaultExpiryOffset": 30,
            "VATDeductable": True,
            "DefaultReductionPercentage": decimal(0),
            "Identifiers": [_identifier(vat)] if country == "BE" else [],
            "SmallEnterprise": chance(rng, 0.3),
            "DefaultCurrencyTC": "EUR",
            "SendUBL": True,
            "SendPDF": True,
        }


def _address(rng: random.Random, country: str) -> Json:
    zipcode, city = rng.choice(_TOWNS[country])
    address = {
        "Street": rng.choice(_STREETS[country]),
        "StreetNumber": str(rng.randrange(1, 250)),
        "Box": str(rng.randrange(1, 40)) if chance(rng, 0.2) else None,
        "Zipcode": zipcode,
        "City": city,
        "CountryCode": country,
    }
    return {key: value for key, value in address.items() if value is not None}


def _identifier(vat: str) -> Json:
    return {
        "IdentifierType": "CBE",
        "Identifier": vat[2:],
        "SchemeID": "0208",
        "Preferred": False,
    }
