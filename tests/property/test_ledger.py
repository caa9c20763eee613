"""Laws of customer-days."""

from collections import defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ledgers import book, day, ledger

cents = st.integers(-5000, 10000).map(lambda c: c / 100)
rows = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 12), cents), min_size=1, max_size=25
)
LAST = 12


def spent(log, returns="net", last=LAST):
    """Net value of each customer's purchase days."""
    totals = defaultdict(float)
    for row in ledger(log, returns).as_of(day(last)).to_pyarrow().to_pylist():
        totals[row["customer_id"]] += float(row["value"])
    return {customer: round(value, 2) for customer, value in totals.items()}


def by_stack(log):
    """The same by hand: each day's refund eats the day, then the top of the stack."""
    totals = {}
    for customer in {c for c, _, _ in log}:
        stack = []
        for d in range(LAST + 1):
            amounts = [round(a * 100) for c, when, a in log if c == customer and when == d]
            stack.append(sum(a for a in amounts if a > 0))
            refund = -sum(a for a in amounts if a < 0)
            for i in reversed(range(len(stack))):
                taken = min(stack[i], refund)
                stack[i] -= taken
                refund -= taken
        totals[customer] = sum(stack) / 100
    return {c: v for c, v in totals.items() if v > 0}


@settings(deadline=None, max_examples=25)
@given(rows)
def test_refunds_are_placed_as_by_a_stack(log):
    assert {c: v for c, v in spent(log).items() if v > 0} == by_stack(log)


@settings(deadline=None, max_examples=15)
@given(rows, st.randoms())
def test_the_order_of_rows_does_not_matter(log, random):
    shuffled = random.sample(log, len(log))
    assert spent(log) == spent(shuffled)


@settings(deadline=None, max_examples=15)
@given(rows, st.tuples(st.sampled_from("abc"), st.integers(0, LAST), st.floats(0.01, 90)))
def test_a_refund_never_raises_value(log, refund):
    customer, when, amount = refund
    before = spent(log).get(customer, 0)
    after = spent([*log, (customer, when, -round(amount, 2))]).get(customer, 0)
    assert after <= before + 1e-9


@settings(deadline=None, max_examples=15)
@given(rows, rows)
def test_later_rows_change_nothing(log, later):
    moved = [(customer, when + LAST + 1, amount) for customer, when, amount in later]
    if not any(amount > 0 for _, _, amount in log) or not spent(log):
        return
    alone = book(log, LAST).history(day(LAST), 5).frame
    mixed = book([*moved, *log], LAST).history(day(LAST), 5).frame
    assert alone.equals(mixed)
