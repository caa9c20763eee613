"""What the shop sells: categories, products, prices, and how sustainable each product is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from clv.core.types import Bools, Floats, Ints


class Category(NamedTuple):
    """Kind of product: share of lines, middle price and unit cost's share of it, carbon in kg."""

    name: str
    share: float
    price: float
    cost: float
    carbon: float


KINDS = (
    Category("Beauty", 0.15, 18.0, 0.35, 1.2),
    Category("Books", 0.11, 14.0, 0.55, 1.0),
    Category("Electronics", 0.13, 85.0, 0.72, 38.0),
    Category("Fashion", 0.19, 34.0, 0.42, 9.0),
    Category("Food & Beverage", 0.12, 9.0, 0.62, 2.4),
    Category("Home & Garden", 0.13, 40.0, 0.5, 11.0),
    Category("Sports", 0.09, 38.0, 0.52, 8.0),
    Category("Toys", 0.08, 21.0, 0.5, 4.0),
)
CATEGORIES = tuple(kind.name for kind in KINDS)
#: Products of a category: so many conventional ones by price, and as many eco ones.
RANKS = 10
#: The dearest product costs so many times the middle price, the cheapest as much less.
PRICE_RANGE = 5.0


class Products(NamedTuple):
    """Every product by category, then conventional before eco, then by price; (k,) each.

    Attributes
    ----------
    name : stock-keeping unit
    category : place in `CATEGORIES`
    is_eco : whether it is sold as an eco product
    eco_share : share of certified material, 0 to 1
    carbon_kg : greenhouse gases of one unit
    packaging_recycled : recycled share of its packaging, 0 to 1
    impact_score : 0 to 100, higher is better: half certified material, 3 tenths packaging,
        2 tenths carbon against the category's worst
    """

    name: list[str]
    category: Ints
    is_eco: Bools
    eco_share: Floats
    carbon_kg: Floats
    packaging_recycled: Floats
    impact_score: Floats


def of_kinds(attribute: str) -> Floats:
    """An attribute of each category, in the order of `KINDS`."""
    return np.array([getattr(kind, attribute) for kind in KINDS], dtype=np.float64)


def draw_products(rng: np.random.Generator) -> Products:
    """The shop's products."""
    place = np.arange(len(KINDS) * 2 * RANKS)
    category, eco, rank = place // (2 * RANKS), place // RANKS % 2 == 1, place % RANKS
    eco_share = rng.uniform(np.where(eco, 0.6, 0.0), np.where(eco, 1.0, 0.25))
    packaging = rng.uniform(np.where(eco, 0.5, 0.05), np.where(eco, 1.0, 0.5))
    dear = np.sqrt(PRICE_RANGE) ** (2.0 * rank / (RANKS - 1) - 1.0)
    carbon = of_kinds("carbon")[category] * dear
    carbon *= np.where(eco, 0.65, 1.0) * rng.lognormal(0.0, 0.15, len(place))
    worst = carbon.reshape(len(KINDS), -1).max(axis=1)[category]
    score = 100.0 * (0.5 * eco_share + 0.3 * packaging + 0.2 * (1.0 - carbon / worst))
    names = [
        f"{CATEGORIES[c][:3].upper()}-{'E' if e else 'C'}{r + 1:02d}"
        for c, e, r in zip(category, eco, rank, strict=True)
    ]
    return Products(
        names, category, eco, np.round(eco_share, 3), np.round(carbon, 3),
        np.round(packaging, 3), np.round(score, 1),
    )  # fmt: skip


def product_of(category: Ints, is_eco: Bools, unit_price: Floats) -> Ints:
    """The product of a category that is sold at about this price, (m,) places in `Products`."""
    place = (np.log(unit_price / of_kinds("price")[category]) / np.log(PRICE_RANGE) + 1.0) / 2.0
    rank = np.clip(np.floor(place * RANKS), 0, RANKS - 1).astype(np.int64)
    return np.asarray((category.astype(np.int64) * 2 + is_eco) * RANKS + rank)
