"""The yardstick among purchase models: customers differ in rate, and nobody ever stops."""

from __future__ import annotations

from clv.models.btyd import PurchaseModel
from clv.numerics import nbd


class NBD(PurchaseModel):
    """Never stops; every customer counts as active."""

    name = "nbd"
    title = "NBD"
    numerics = nbd
    params_kind = nbd.NBDParams
