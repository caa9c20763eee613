"""Which column is which: by name, by usual name, or a question."""

import pytest

from clv.core.errors import ColumnError
from clv.data.columns import has_amount, map_columns, passed_over
from clv.data.settings import Columns


def test_what_a_better_name_passed_over_is_told():
    names = ("customer_id", "client", "date", "datetime", "revenue", "sales", "note")
    mapping = map_columns(names, Columns())
    assert mapping["amount"].column == "revenue"
    assert passed_over(names, mapping) == {"customer": ["client"], "amount": ["sales"]}
    given = map_columns(names, Columns(amount="sales", customer="client"))
    assert passed_over(names, given) == {}


@pytest.mark.parametrize("given", [{}, {"amount": "amount"}])
def test_a_doubled_name_of_a_needed_field_is_refused(given):
    names = ("customer_id", "date", "amount", "amount (2)")
    with pytest.raises(ColumnError, match=r"several columns .* called 'amount'.*Rename one"):
        map_columns(names, Columns(**given), {"amount"})


def test_a_doubled_name_of_another_column_is_no_matter():
    names = ("customer_id", "date", "amount", "note", "note (2)")
    assert "amount" in map_columns(names, Columns(), {"note"})


def test_a_log_without_amounts_is_read_where_none_is_needed():
    mapping = map_columns(("customer_id", "date"), Columns(), amount_needed=False)
    assert list(mapping) == ["customer", "date"]
    assert not has_amount(mapping)


def found(names, **given):
    mapping = map_columns(names, Columns(**given))
    return {field: (source.column, source.how) for field, source in mapping.items()}


@pytest.mark.parametrize(
    "names",
    [
        ("CustomerID", "Arrival Date", "Total Revenue USD"),
        ("customer_id", "order_date", "amount"),
        ("cust_id", "tran_date", "total_amt"),
        ("CLIENT ID", "InvoiceDate", "Revenue"),
        ("user_id", "created_at", "Order Total (EUR)"),
        (" Customer-Id ", "date", "money"),
    ],
)
def test_usual_names_are_recognised(names):
    mapping = map_columns(names, Columns())
    assert [mapping[field].position for field in ("customer", "date", "amount")] == [0, 1, 2]
    assert {source.how for source in mapping.values()} == {"recognised"}


def test_a_better_name_beats_a_worse():
    names = ("customer", "customer_id", "date", "datetime", "total", "amount")
    assert found(names) == {
        "customer": ("customer_id", "recognised"),
        "date": ("date", "recognised"),
        "amount": ("amount", "recognised"),
        "timestamp": ("datetime", "recognised"),
    }


def test_a_given_name_beats_all_and_ignores_case_and_signs():
    mapping = found(("customer_id", "Loyalty Card", "date", "amount"), customer="loyalty_card")
    assert mapping["customer"] == ("loyalty_card", "given")


def test_a_name_that_is_not_there_lists_those_that_are():
    with pytest.raises(ColumnError, match=r"It has: a, b, c\. Give one of these with --customer"):
        found(("a", "b", "c"), customer="id")


def test_two_equally_good_names_are_asked_for():
    with pytest.raises(
        ColumnError, match=r"2 columns could be meant: order_date, invoice_date.*--date"
    ):
        found(("customer_id", "order_date", "invoice_date", "amount"))


def test_an_optional_field_that_two_columns_suit_is_left_out():
    assert "quantity" not in found(("customer_id", "date", "amount", "quantity", "qty"))


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("date", "amount"), "cannot be valued per customer without one"),
        (
            ("customer_id", "amount"),
            "date: no column looks like it. The log has: customer_id, amount",
        ),
        (
            ("customer_id", "billing", "charge"),
            "date, amount: no column looks like either. .*--date. .* name it with --amount, or",
        ),
        (
            ("customer_id", "date", "qty"),
            "Name it with --amount, or give --quantity and --unit-price",
        ),
    ],
)
def test_a_missing_field_is_told_with_its_flag(names, told):
    with pytest.raises(ColumnError, match=told):
        found(names)


def test_quantity_and_price_stand_in_for_the_amount():
    mapping = found(("customer_id", "date", "quantity", "unit_price"))
    assert "amount" not in mapping
    assert mapping["unit_price"] == ("unit_price", "recognised")


def test_quantity_and_price_given_are_preferred_to_a_recognised_amount():
    names = ("customer_id", "date", "n", "p", "amount")
    assert "amount" not in found(names, quantity="n", unit_price="p")


def test_a_named_column_that_may_be_lacking_is_taken_where_it_is():
    given = Columns(category="Dept", discount="off")
    names = ("customer_id", "date", "amount", "dept", "discount")
    mapping = map_columns(names, given, may_lack={"category", "discount"})
    told = {
        field: (mapping[field].column, mapping[field].how) for field in ("category", "discount")
    }
    assert told == {"category": ("Dept", "given"), "discount": ("discount", "recognised")}
    assert "category" not in map_columns(names[:3], given, may_lack={"category", "discount"})
    with pytest.raises(ColumnError, match="discount: the log has no column 'off'"):
        map_columns(names, given, may_lack={"category"})
