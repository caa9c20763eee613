"""JSON is read strictly: what no store can keep is refused, and nothing else."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clv.apps.api.edge.bodies import parsed
from clv.apps.api.edge.problems import ProblemError

leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(2**62), 2**62)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
)
names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
documents = st.recursive(
    leaves, lambda inner: st.lists(inner) | st.dictionaries(names, inner), max_leaves=20
)


@given(documents, st.booleans())
def test_what_any_writer_of_json_writes_is_read_the_same(content, plain):
    assert parsed(json.dumps(content, ensure_ascii=plain).encode()) == content


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": -Infinity}',
        b"\xff\xfe",
        b'{"a": "\xff"}',
        b'{"a": "\\ud800"}',
        b"[" * 100_000,
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b"{} {}",
        b"{'a': 1}",
        b"9" * 5000,
    ],
)
def test_what_is_not_json_is_a_400(body):
    with pytest.raises(ProblemError) as found:
        parsed(body)
    assert (found.value.status_code, found.value.code) == (400, "json")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"a": 1e999}', "/a"),
        (b'{"a": [-1E+400]}', "/a/0"),
        (b'{"a": 9223372036854775808}', "/a"),
        (b'{"a": -99999999999999999999}', "/a"),
        (b'{"a": "x\\u0000y"}', "/a"),
        (b'{"b": {"a\\u0000": 1}}', "/b"),
    ],
)
def test_what_no_store_keeps_is_a_422_that_names_it(body, field):
    with pytest.raises(ProblemError) as found:
        parsed(body)
    assert found.value.status_code == 422
    assert [fault.field for fault in found.value.faults] == [field]


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": 9223372036854775807}',
        b'{"a": 0.1234567890123456789012}',
        b'{"a": "1e999"}',
        b'{"a": "\\\\u0000"}',
        b'{"a": "99999999999999999999"}',
        b'{"a": 1e-999}',
    ],
)
def test_what_only_looks_alike_is_taken(body):
    assert parsed(body) == json.loads(body)


@given(st.integers(min_value=0), st.sampled_from(["", "e5", "e99", "E+100", "e-400", ".5"]))
def test_a_number_is_taken_exactly_where_64_bits_hold_it(whole, end):
    body = f'{{"a": [{whole}{end}]}}'.encode()
    value = json.loads(body)["a"][0]
    keeps = abs(value) < float("inf") if isinstance(value, float) else value < 2**63
    if keeps:
        assert parsed(body) == {"a": [value]}
    else:
        with pytest.raises(ProblemError):
            parsed(body)
