"""Which column of the log is which field: given by name, or recognised by its usual names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from clv.core.errors import ColumnError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from clv.data.settings import Columns

#: Usual names of each field, best first: a name in an earlier group beats one in a later.
#: Written without case, blanks and signs, so that "Customer ID" is "customerid".
USUAL_NAMES: dict[str, tuple[tuple[str, ...], ...]] = {
    "customer": (
        ("customerid", "custid", "clientid"),
        ("customer", "client", "customerno", "customernumber", "customercode", "customerkey"),
        ("clientno", "clientnumber", "userid", "memberid", "buyerid", "guestid", "shopperid"),
        ("user", "member", "buyer", "guest", "shopper", "accountid", "householdid", "playerid"),
        ("customeremail", "email", "consumerid", "cust", "patronid", "donorid", "subscriberid"),
    ),
    "date": (
        ("orderdate", "invoicedate", "purchasedate", "transactiondate", "trandate", "transdate"),
        ("date", "arrivaldate", "saledate", "salesdate", "bookingdate", "txndate"),
        ("orderdatetime", "invoicets", "orderts", "purchasets", "transactionts", "orderedat"),
        ("datetime", "timestamp", "ordertimestamp", "purchasetimestamp", "transactiontimestamp"),
        ("createdat", "ordertime", "purchasetime", "transactiontime", "eventtime", "ts", "time"),
    ),
    "amount": (
        ("amount", "totalamount", "totalamt", "orderamount", "transactionamount", "saleamount"),
        ("totalrevenue", "revenue", "ordertotal", "invoicetotal", "ordervalue", "total"),
        ("totalprice", "totalvalue", "totalspent", "sales", "totalsales", "salesamount", "amt"),
        ("spend", "money", "monetaryvalue", "netamount", "netrevenue", "linetotal", "totalspend"),
        ("itemrevenue", "paymentvalue", "grossamount", "turnover", "value", "paid"),
    ),
    "unit_price": (
        ("unitprice", "priceperunit", "itemprice"),
        ("price", "rate"),
    ),
    "quantity": (("quantity", "qty"), ("units", "itemcount", "numitems", "pieces")),
    "order_id": (
        ("orderid", "invoiceno", "invoiceid", "invoice", "transactionid", "invoicenumber"),
        ("ordernumber", "orderno", "receiptid", "basketid", "txnid", "bookingid", "saleid"),
    ),
    "timestamp": (
        ("timestamp", "datetime", "orderdatetime", "ordertimestamp", "invoicets"),
        ("orderts", "ts", "time"),
    ),
    "channel": (
        ("channel", "saleschannel", "orderchannel"),
        ("storetype", "source", "acquisitionsource", "acquisitionchannel", "acquisition"),
    ),
    "category": (
        ("category", "productcategory", "itemcategory", "categoryname"),
        ("prodcatcode", "prodcat", "department", "itemtype"),
    ),
    "product": (
        ("product", "productid", "sku", "stockcode", "itemid", "productcode"),
        ("productname", "item", "itemname", "article", "description", "coffeename"),
    ),
    "discount": (("discount", "discountamount"), ("discountvalue",)),
    "cost": (("cost", "totalcost", "cogs"), ("costofgoods",)),
    "currency": (("currency", "currencycode"), ("ccy",)),
    "return_flag": (
        ("isreturn", "returnflag", "iscreditnote", "isrefund"),
        ("returned", "refunded", "iscancelled", "iscanceled"),
    ),
    "campaign": (("campaign", "campaignid", "utmcampaign"), ("campaignname", "campaigntype")),
    "customer_country": (
        ("customercountry", "country", "countrycode"),
        ("shippingcountry", "billingcountry", "nationality"),
    ),
    "eco_share": (("ecoshare",),),
    "impact_score": (("impactscore",),),
}

#: Words that leave a name's meaning as it is: units, and what shops put before a name.
_FILLERS = {"usd", "eur", "gbp", "chf", "inr", "jpy", "cad", "aud", "brl", "in", "the", "of"}

_REQUIRED = {"customer": "--customer", "date": "--date", "amount": "--amount"}

How = Literal["given", "recognised"]


@dataclass(frozen=True)
class Source:
    """Where a field comes from: position and name of the column, and how it was found."""

    position: int
    column: str
    how: How


Mapping = dict[str, Source]


def bare(name: str) -> str:
    """The name without case, blanks and signs."""
    return re.sub(r"[\W_]+", "", name).lower()


def _spellings(name: str) -> set[str]:
    words = [word.lower() for word in re.findall(r"[^\W_]+", name)]
    kept = [word for word in words if word not in _FILLERS]
    return {"".join(words), "".join(kept)} - {""}


def recognised(names: Iterable[str]) -> bool:
    """Whether any of the names is a usual one, so that they are names at all."""
    usual = {name for groups in USUAL_NAMES.values() for group in groups for name in group}
    return any(_spellings(name) & usual for name in names)


def customer_column(names: Sequence[str]) -> str | None:
    """The one of the names that usually identifies a customer."""
    found = _recognise("customer", names, set())
    return names[found[0]] if len(found) == 1 else None


def map_columns(
    names: Sequence[str],
    given: Columns,
    doubled: Collection[str] = (),
    *,
    amount_needed: bool = True,
    may_lack: Collection[str] = (),
) -> Mapping:
    """Find the column of every field.

    Parameters
    ----------
    names : the log's columns, in order
    given : names the user gave; they win over everything recognised
    doubled : names that more than one column of the log has
    amount_needed : whether a log without an amount is refused
    may_lack : fields whose given name the log need not have; they are recognised then, or absent

    Returns
    -------
    field -> where it comes from; customer and date always, and amount or both of
    unit_price and quantity where it is needed; other fields where there are

    Raises
    ------
    ColumnError : a given name is not in the log, a needed field is missing, two columns suit
        it equally well, or two have its name; lists the columns found and what to do
    """
    mapping: Mapping = {}
    for field in given.fields():
        name = getattr(given, field)
        if name is not None and (field not in may_lack or _places(name, names)):
            mapping[field] = Source(_position(field, name, names), name, "given")
    by_product = "amount" not in mapping and {"unit_price", "quantity"} <= mapping.keys()
    taken = {source.position for source in mapping.values()}
    for field in USUAL_NAMES:
        if field in mapping or (field == "amount" and by_product):
            continue
        found = _recognise(field, names, taken)
        if len(found) > 1 and field in _REQUIRED:
            raise ColumnError(_ambiguous(field, [names[i] for i in found], names))
        if len(found) == 1:
            mapping[field] = Source(found[0], names[found[0]], "recognised")
            taken.add(found[0])
    _require(mapping, names, amount_needed=amount_needed)
    if "amount" in mapping:
        mapping.pop("unit_price", None)
    for field in needed(mapping):
        if (name := names[mapping[field].position]) in doubled:
            raise ColumnError(_several(field, name, names))
    return mapping


def has_amount(mapping: Mapping) -> bool:
    """Whether the log has an amount, as one column or as quantity x unit price."""
    return "amount" in mapping or {"unit_price", "quantity"} <= mapping.keys()


def needed(mapping: Mapping) -> tuple[str, ...]:
    """Fields of the mapping that no row can do without."""
    if "amount" in mapping:
        return ("customer", "date", "amount")
    return ("customer", "date", *(("quantity", "unit_price") if has_amount(mapping) else ()))


def passed_over(names: Sequence[str], mapping: Mapping) -> dict[str, list[str]]:
    """Columns that could have been a needed field too, had a better name not been there.

    Parameters
    ----------
    names : the log's columns, in order
    mapping : what `map_columns` made of them

    Returns
    -------
    field -> columns, in the log's order; only fields that were recognised, and no column that
    another field was taken from
    """
    taken = {source.position for source in mapping.values()}
    found: dict[str, list[str]] = {}
    for field in _REQUIRED:
        if field not in mapping or mapping[field].how == "given":
            continue
        usual = {name for group in USUAL_NAMES[field] for name in group}
        left = [n for i, n in enumerate(names) if i not in taken and _spellings(n) & usual]
        if left:
            found[field] = left
    return found


def _position(field: str, name: str, names: Sequence[str]) -> int:
    found = _places(name, names)
    if len(found) == 1:
        return found[0]
    if found:
        raise ColumnError(
            f"{field}: {len(found)} columns of the log are called {name!r}, but for case and"
            f" signs. The log has: {_list(names)}. Rename one of them in the log."
        )
    raise ColumnError(
        f"{field}: the log has no column {name!r}. It has: {_list(names)}."
        f" Give one of these with {_flag(field)}."
    )


def _places(name: str, names: Sequence[str]) -> list[int]:
    """Columns of that very name; without any, those that have it but for case and signs."""
    return [i for i, column in enumerate(names) if column.strip() == name.strip()] or [
        i for i, column in enumerate(names) if bare(column) == bare(name) != ""
    ]


def _recognise(field: str, names: Sequence[str], taken: set[int]) -> list[int]:
    spelled = [(i, _spellings(name)) for i, name in enumerate(names) if i not in taken]
    for group in USUAL_NAMES[field]:
        if found := [i for i, spellings in spelled if spellings & set(group)]:
            exact = [i for i in found if bare(names[i]) in group]
            return exact if len(exact) == 1 else found
    return []


def _require(mapping: Mapping, names: Sequence[str], *, amount_needed: bool) -> None:
    has = f"The log has: {_list(names)}."
    if "customer" not in mapping:
        raise ColumnError(
            "customer: no column says who bought, and a log cannot be valued per customer"
            f" without one. {has} If one of them does, name it with --customer."
        )
    of_amount = "Name it with --amount, or give --quantity and --unit-price."
    without_amount = amount_needed and not has_amount(mapping)
    if "date" not in mapping and without_amount:
        raise ColumnError(
            f"date, amount: no column looks like either. {has} Name the former with --date. As for"
            f" the amount: {of_amount[0].lower()}{of_amount[1:]}"
        )
    if "date" not in mapping:
        raise ColumnError(f"date: no column looks like it. {has} Name it with --date.")
    if without_amount:
        raise ColumnError(f"amount: no column looks like it. {has} {of_amount}")


def _ambiguous(field: str, found: Sequence[str], names: Sequence[str]) -> str:
    return (
        f"{field}: {len(found)} columns could be meant: {_list(found)}. The log has:"
        f" {_list(names)}. Say which with {_flag(field)}."
    )


def _several(field: str, name: str, names: Sequence[str]) -> str:
    return (
        f"{field}: several columns of the log are called {name!r}, and which is meant cannot be"
        f" told. The log has, doubles numbered: {_list(names)}. Rename one of them in the log."
    )


def _flag(field: str) -> str:
    return "--" + field.replace("_", "-")


def _list(names: Sequence[str], most: int = 40) -> str:
    shown = ", ".join(name or "(no name)" for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
