"""The log that comes with the package: CDNOW, 69,659 real purchases of 1997 and 1998."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

CDNOW = "cdnow"


def cdnow_path() -> Path:
    """Where the bundled CDNOW master log is: gzipped CSV, one row a purchase.

    Columns customer_id (5 digits, zero-padded), date (ISO), quantity (CDs), amount (US
    dollars); 23,570 customers who first bought in the first quarter of 1997, followed to
    1998-06-30.

    References
    ----------
    Fader & Hardie (2001), Forecasting repeat sales at CDNOW, Interfaces 31(3)
    """
    return Path(str(files("clv.data") / "cdnow.csv.gz"))
