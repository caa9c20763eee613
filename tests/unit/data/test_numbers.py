"""Amounts: exact, in one notation for the whole column, or a question."""

from decimal import Decimal

import pytest

from clv.core.errors import LogError, NumberFormatError, SettingError


def log(*amounts):
    return "customer;date;amount\n" + "".join(f"c;2024-01-05;{amount}\n" for amount in amounts)


def amounts(read, *texts, **options):
    found = read(log(*texts), returns="keep", **options)
    return [float(x) for x in found.transactions.order_by("line").amount.execute()]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12.5", 12.5),
        ("-12.50", -12.5),
        ("\u221212.50", -12.5),
        ("(12.50)", -12.5),
        ("12.50-", -12.5),
        ("+3", 3),
        ("$1,200.00", 1200),
        ("-$5.00", -5),
        ("$-5.00", -5),
        ("($5.00)", -5),
        ("USD 12.00", 12),
        ("12.00 EUR", 12),
        ("R$ 12.00", 12),
        ("1'234.50", 1234.5),
        ("1 234.50", 1234.5),
        ("1\u00a0234.50", 1234.5),
        ("12,34,567.00", 1234567),
        (".5", 0.5),
        ("5.", 5),
        ("1e3", 1000),
        ("0.123", 0.123),
    ],
)
def test_a_number_that_reads_one_way_is_read(read, text, value):
    assert amounts(read, text) == [value]


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (("1.234,56", "1.000"), [1234.56, 1000]),
        (("12,5", "1.234.567"), [12.5, 1234567]),
        (("1,234", "1,234.56"), [1234, 1234.56]),
        (("1,234,567", "1,234"), [1234567, 1234]),
        (("\u20ac 1,5", "2"), [1.5, 2]),
        (("1.234", "1.5"), [1.234, 1.5]),
        (("1 234,50", "0,5"), [1234.5, 0.5]),
    ],
)
def test_the_whole_column_decides(read, texts, values):
    assert amounts(read, *texts) == values


@pytest.mark.parametrize("texts", [("1,234", "5"), ("1.234", "12.000"), ("1,234", "1.234")])
def test_what_nothing_decides_is_asked_for(read, texts):
    with pytest.raises(NumberFormatError, match="--decimal point or --decimal comma"):
        read(log(*texts))


def test_a_contradiction_is_asked_for(read):
    with pytest.raises(NumberFormatError, match=r"'1,234.56'.*'1.234,56'"):
        read(log("1,234.56", "1.234,56"))


def test_the_answer_is_taken(read):
    assert amounts(read, "1,234", decimal="comma") == [1.234]
    assert amounts(read, "1,234", decimal="point") == [1234]


@pytest.mark.parametrize(
    "text",
    [
        "abc",
        "1.2.3.4",
        "12 apples",
        "inf",
        "-inf",
        "1e400",
        "--5",
        "(5",
        "5)",
        "1_000",
        "0x1F",
        "1,2,3",
    ],
)
def test_what_is_no_number_is_quarantined(read, text):
    assert read(log("1", text, "2.5")).by_rule == {"unreadable_amount": 1}


@pytest.mark.parametrize("text", ["1000000000001", "-2e13", "1e300"])
def test_amounts_out_of_reason_are_quarantined(read, text):
    assert read(log("1", text)).by_rule == {"implausible_amount": 1}


@pytest.mark.parametrize("text", ["", "nan", "NULL", " n/a "])
def test_an_empty_amount_is_missing(read, text):
    assert read(log("1", text)).by_rule == {"missing_amount": 1}


def test_amounts_are_exact(read):
    found = read(log(*["0.1"] * 10, "13.992999999999999"))
    assert found.transactions.amount.sum().execute() == Decimal("14.9930")


def test_amount_is_quantity_times_price(read):
    text = "customer,date,qty,price\nc,2024-01-05,3,1.15\nc,2024-01-06,-1,1.15\nc,2024-01-07,,2\n"
    found = read(text)
    assert [str(x) for x in found.transactions.order_by("line").amount.execute()] == [
        "3.4500",
        "-1.1500",
    ]
    assert found.by_rule == {"missing_amount": 1}
    assert "amount: it is qty x price, as the log has no column for it" in found.notices


MIXED = "customer,date,amount,currency,cost\nc,2024-01-05,10,USD,4\nc,2024-01-06,10,eur,4\n"


def test_several_currencies_need_rates(read):
    with pytest.raises(LogError, match=r"EUR in 1 rows, USD in 1 rows.*rates"):
        read(MIXED)


def test_rates_convert_to_the_base(read):
    found = read(MIXED + "c,2024-01-07,1,GBP,\nc,2024-01-08,1,,\n", rates={"usd": 1, "EUR": 1.25})
    rows = found.transactions.order_by("line").execute()
    assert [float(x) for x in rows["amount"]] == [10, 12.5]
    assert list(rows["cost"]) == [4, 5]
    assert found.by_rule == {"missing_currency": 1, "unknown_currency": 1}
    assert found.currency == "USD"


def test_rates_need_one_base(read):
    with pytest.raises(SettingError, match="0 currencies have the rate 1"):
        read(MIXED, rates={"USD": 0.9, "EUR": 1.25})


def test_several_currency_signs_are_several_currencies(read):
    with pytest.raises(LogError, match=r"\$ in 1 rows, € in 2 rows"):
        read(log("$1.50", "€1.50", "€2.50"))


def test_one_currency_is_told(read):
    assert read(MIXED.replace("eur", "USD")).currency == "USD"
    assert read(log("€1.50", "€2.50")).currency == "€"
