"""Texts of any encoding, packing and delimiter."""

import bz2
import gzip
import lzma

import pytest

from clv.core.errors import SourceError

LOG = "customer_id,date,amount\nMüller,2024-01-05,1.5\nŻak,2024-01-06,2\n"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_unicode_is_recognised(column, encoding):
    text = LOG.replace("Ż", "Z") if encoding in ("utf-16-le", "utf-16-be") else LOG
    assert column("customer_id", text, encoding=encoding)[0] == "Müller"


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
def test_western_encodings_are_the_fallback(column, encoding):
    text = LOG.replace("Ż", "é")
    assert column("customer_id", text, encoding=encoding) == ["Müller", "éak"]


def test_a_stray_byte_spoils_one_value_only(column):
    raw = (LOG + "Größe,2024-01-07,3\n" * 12).encode() + b"\xffx,2024-01-08,4\n"
    assert column("customer_id", raw)[1:3] == ["Żak", "Größe"]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_packed_files_are_unpacked_whatever_their_name(column, pack):
    assert column("customer_id", pack(LOG.encode()), name="log.txt") == ["Müller", "Żak"]


def test_a_damaged_archive_is_told(read):
    with pytest.raises(SourceError, match="damaged archive"):
        read(gzip.compress(LOG.encode() * 50)[:-20])


def test_a_zip_is_told(read):
    with pytest.raises(SourceError, match="zip archive"):
        read(b"PK\x03\x04" + bytes(40), name="log.zip")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiters_and_ends_of_line_are_recognised(column, delimiter, end):
    text = LOG.replace(",", delimiter).replace("\n", end)
    assert column("customer_id", text) == ["Müller", "Żak"]


def test_columns_parted_by_blanks_are_recognised(column):
    text = (
        "customer_id date       amount\n 1          2024-01-05   1.5\n 22         2024-01-06  12\n"
    )
    assert column("customer_id", text) == ["1", "22"]


@pytest.mark.parametrize("given", ["^", "tab", "\t"])
def test_the_delimiter_may_be_given(column, given):
    sign = "\t" if given == "tab" else given
    assert column("customer_id", LOG.replace(",", sign), delimiter=given) == ["Müller", "Żak"]


def test_a_delimiter_of_two_signs_is_told(read):
    with pytest.raises(SourceError, match="not one character"):
        read(LOG, delimiter="||")


def test_decimal_commas_do_not_pass_for_delimiters(column):
    text = "customer_id;date;amount\na;2024-01-05;1,5\nb;2024-01-06;2,25\n"
    assert [float(x) for x in column("amount", text)] == [1.5, 2.25]


def test_a_quote_left_open_costs_one_line(read):
    text = LOG + '"open,2024-01-07,1\n' + "c,2024-01-08,1\n" * 500
    found = read(text)
    assert (found.accepted, found.by_rule) == (502, {"unreadable_line": 1})


def test_quotes_within_text_are_signs(column):
    text = LOG + '5" pipe,2024-01-07,1\n"the ""best""",2024-01-08,1\n'
    assert column("customer_id", text)[2:] == ['5" pipe', 'the "best"']


def test_a_header_with_an_open_quote_is_told(read):
    with pytest.raises(SourceError, match="never closed"):
        read('"customer_id,date,amount\nc,2024-01-05,1\n')
