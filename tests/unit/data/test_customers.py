"""Tables of customers become numbers, and say what is wrong with them."""

import gzip

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clv.core.errors import ColumnError, SourceError
from clv.data.customers import read_customers

CSV = """customer_id,gender,channel,age
007,f,web,30
8,m,shop,41.5
9,f,web,25
10,f,phone,60
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "customers.csv"
    path.write_text(CSV)
    return path


def test_numbers_stay_and_texts_become_groups(file):
    found = read_customers(file, None, ["age", "gender"], ["9", "007", "8"])
    assert list(found) == ["age", "gender=m"]
    np.testing.assert_array_equal(found["age"], [25, 30, 41.5])
    np.testing.assert_array_equal(found["gender=m"], [0, 0, 1])


def test_the_most_frequent_group_is_the_one_without_a_column(file):
    found = read_customers(file, None, ["channel"], ["007", "8", "9", "10"])
    assert list(found) == ["channel=phone", "channel=shop"]
    np.testing.assert_array_equal(found["channel=shop"], [0, 1, 0, 0])


def test_parquet_and_a_column_of_another_name(tmp_path):
    path = tmp_path / "people.parquet"
    pq.write_table(pa.table({"who": ["b", "a"], "vip": [True, False]}), path)
    assert read_customers(path, "who", [], ["a", "b"])["vip"].tolist() == [0.0, 1.0]
    with pytest.raises(ColumnError, match=r"no column of .* says who the customer is; it has who"):
        read_customers(path, None, [], ["a"])


@pytest.mark.parametrize(
    ("columns", "wanted", "message"),
    [
        (["income"], ["8"], "has no column income; it has customer_id, gender, channel, age"),
        ([], ["8", "11", "12"], r"2 of 3 customers of the log are not in .* \(11, 12\)"),
    ],
)
def test_what_is_missing_is_named(file, columns, wanted, message):
    with pytest.raises(ColumnError, match=message):
        read_customers(file, None, columns, wanted)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("8,f,web,20\n", r"1 row\(s\) of a customer it names already \(8\)"),
        ("11,f,web,\n", r"age is empty for 1 customer\(s\)"),
        ("11,f,web,NA\n", r"age is empty for 1 customer\(s\)"),
        ("11,f,web,None\n", r"age is empty for 1 customer\(s\)"),
        (",f,web,20\n", r"customer_id is empty in 1 row\(s\) of"),
        ("nan,f,web,20\n ,f,web,20\n", r"customer_id is empty in 2 row\(s\) of"),
    ],
)
def test_a_table_that_cannot_be_is_refused(file, line, message):
    file.write_text(CSV + line)
    with pytest.raises(ColumnError, match=message):
        read_customers(file, None, ["age"], ["8", "11"])


def test_names_are_no_groups(tmp_path):
    path = tmp_path / "customers.csv"
    path.write_text("customer,name\n" + "".join(f"{i},person {i}\n" for i in range(60)))
    with pytest.raises(ColumnError, match="name has 60 different texts"):
        read_customers(path, None, [], [str(i) for i in range(60)])


def test_a_file_that_is_not_there_or_broken(tmp_path):
    with pytest.raises(SourceError, match="there is no file"):
        read_customers(tmp_path / "none.csv", None, [], [])
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 nothing")
    with pytest.raises(SourceError, match="cannot be read"):
        read_customers(tmp_path / "broken.parquet", None, [], [])


@pytest.mark.parametrize("nothing", ["", "  ", '""', "null", "None"])
def test_an_empty_text_is_no_group(file, nothing):
    file.write_text(CSV + f"11,f,{nothing},20\n12,f,{nothing},21\n")
    with pytest.raises(ColumnError, match=r"channel is empty for 2 customer\(s\) in .*Fill it in"):
        read_customers(file, None, ["channel"], ["8", "11", "12"])
    # Only customers of the log need to be known.
    assert read_customers(file, None, ["channel"], ["8", "9"])["channel=web"].tolist() == [0, 1]


@pytest.mark.parametrize("nothing", ["", "NA", "None", "<NA>", "undefined"])
def test_numbers_stay_numbers_where_a_customer_not_asked_for_has_none(file, nothing):
    file.write_text(CSV + f"11,f,web,{nothing}\n")
    assert read_customers(file, None, ["age"], ["8", "9"])["age"].tolist() == [41.5, 25]


def test_nothing_in_parquet_is_found_too(tmp_path):
    path = tmp_path / "customers.parquet"
    known = {"customer_id": ["a", "b"], "channel": ["web", ""], "age": [float("nan"), 3.0]}
    pq.write_table(pa.table(known), path)
    for column in ("channel", "age"):
        with pytest.raises(ColumnError, match=rf"{column} is empty for 1 customer\(s\)"):
            read_customers(path, None, [column], ["a", "b"])


def test_a_text_that_all_have_explains_nothing(file):
    with pytest.raises(
        ColumnError, match=r"^customers: channel is web for every customer, so it explains no"
    ):
        read_customers(file, None, ["channel"], ["007", "9"])


def test_identities_under_a_name_of_ones_own_keep_their_zeros(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text("klant , age\n00007,30\n7,40\n")
    assert read_customers(path, "klant", [], ["7", "00007"])["age"].tolist() == [40, 30]


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_delimiters_are_recognised(file, delimiter, end):
    file.write_bytes(CSV.replace(",", delimiter).replace("\n", end).encode())
    found = read_customers(file, None, ["age", "gender"], ["8", "007"])
    assert {name: values.tolist() for name, values in found.items()} == {
        "age": [41.5, 30],
        "gender=m": [1, 0],
    }


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1", "cp1252"])
def test_encodings_are_recognised(file, encoding):
    text = CSV.replace("shop", "Café").replace("007", "Müller")
    file.write_bytes(text.encode(encoding))
    found = read_customers(file, None, ["channel"], ["8", "9", "Müller"])
    assert found["channel=Café"].tolist() == [1, 0, 0]


def test_packed_files_are_unpacked_and_what_is_no_table_is_told(tmp_path):
    packed = tmp_path / "customers.csv.gz"
    packed.write_bytes(gzip.compress(CSV.encode()))
    assert read_customers(packed, None, ["age"], ["8"])["age"].tolist() == [41.5]
    for name, content, message in (
        ("customers.zip", b"PK\x03\x04" + bytes(40), "^customers: customers.zip is a zip archive"),
        ("customers.xlsx", b"PK\x03\x04" + bytes(40), "is a spreadsheet. Save it as CSV"),
        ("blanks.txt", b"customer_id age\n7 30\n8 41\n", "are parted by blanks"),
        ("empty.csv", b"", "cannot be read"),
        ("ragged.csv", b"customer_id,age\n7,30\n8\n", "cannot be read .*Expected 2 columns"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(SourceError, match=message):
            read_customers(tmp_path / name, None, [], [])


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (["1,5", "20", "-0,25"], [1.5, 20, -0.25]),
        (["1,234", "20,5", "3"], [1.234, 20.5, 3]),
        (["1234,567", "1,234", "3"], [1234.567, 1.234, 3]),
    ],
)
def test_a_decimal_comma_is_read_where_a_value_proves_it(tmp_path, written, read):
    path = tmp_path / "customers.csv"
    rows = [f"{i};{value}" for i, value in enumerate(written)]
    path.write_text("\n".join(["customer_id;income", *rows]) + "\n")
    assert read_customers(path, None, [], ["0", "1", "2"])["income"].tolist() == read


@pytest.mark.parametrize("written", [["1,234", "20"], ["1.234,50", "2,5"], ["1,234.50", "7"]])
def test_a_comma_that_may_part_thousands_is_asked_about(tmp_path, written):
    path = tmp_path / "customers.csv"
    path.write_text("customer_id;income\n" + "".join(f"{i};{v}\n" for i, v in enumerate(written)))
    with pytest.raises(ColumnError, match=rf"income has numbers such as '{written[0]}'.*1234\.5"):
        read_customers(path, None, [], ["0", "1"])


def test_a_column_may_turn_to_decimals_after_a_million_characters(tmp_path):
    path = tmp_path / "customers.csv"
    rows = [f"customer-number-{i:06d},{i % 50}" for i in range(60_000)]
    path.write_text("\n".join(["customer_id,age", *rows, "last,41.5"]) + "\n")
    assert path.stat().st_size > 2**20
    assert read_customers(path, None, [], ["last"])["age"].tolist() == [41.5]


def test_a_slip_among_numbers_is_refused_with_its_row(tmp_path):
    rows = [f"c{number:02d},{20 + number}" for number in range(30)]
    path = tmp_path / "customers.csv"
    path.write_text("\n".join(["customer_id,age", "c99,oops", *rows]) + "\n")
    with pytest.raises(
        ColumnError, match=r"1 of its 31 values are none, such as 'oops' \(row 1\), in .* Mend them"
    ):
        read_customers(path, None, [], [f"c{number:02d}" for number in range(29, -1, -1)] + ["c99"])
    others = read_customers(path, None, [], ["c05", "c01"])
    assert others["age"].tolist() == [25.0, 21.0]


def test_a_file_without_rows_is_refused(tmp_path):
    path = tmp_path / "customers.csv"
    path.write_text("customer_id,age\n")
    with pytest.raises(ColumnError, match="has no rows"):
        read_customers(path, None, [], ["a"])
