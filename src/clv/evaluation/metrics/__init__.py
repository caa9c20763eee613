"""How good a forecast is: arrays in, one number out."""

from clv.evaluation.metrics.chance import brier, reliability
from clv.evaluation.metrics.spread import coverage, crps, pit, pit_distance
from clv.evaluation.metrics.value import (
    bias,
    calibration_slope,
    decile_mape,
    deciles,
    mae,
    mape,
    normalised_gini,
    r2,
    rmse,
    spearman,
    top_precision,
    top_share,
    tweedie_deviance,
)

__all__ = [
    "bias",
    "brier",
    "calibration_slope",
    "coverage",
    "crps",
    "decile_mape",
    "deciles",
    "mae",
    "mape",
    "normalised_gini",
    "pit",
    "pit_distance",
    "r2",
    "reliability",
    "rmse",
    "spearman",
    "top_precision",
    "top_share",
    "tweedie_deviance",
]
