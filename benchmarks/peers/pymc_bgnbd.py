"""BG/NBD by pymc-marketing. It runs in an environment of its own and knows nothing of clv.

A line of JSON in asks for one fit, a line of JSON out answers it:

    {"customers": "x.npz", "method": "map"}
    {"customers": "x.npz", "method": "mcmc", "draws": 1000, "tune": 1000, "chains": 2, "seed": 20}

The file holds x, t_x and T. Whatever the libraries print goes to standard error.
"""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

warnings.simplefilter("ignore")

import arviz  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import pytensor  # noqa: E402
from pymc.tuning import starting  # noqa: E402
from pymc_marketing.clv import BetaGeoModel  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

PARAMS = ("r", "alpha", "a", "b")
PACKAGES = ("pymc-marketing", "pymc", "pytensor", "numpy")


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        answers.write(json.dumps(answer(json.loads(line))) + "\n")
        answers.flush()


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """One fit, timed from the frame of customers to parameters; imports are over by then.

    Returns
    -------
    dict : customers; seconds, and of these `searching`, which is without building and compiling
        the model; params, and for MCMC their standard deviations, draws, draws they are worth
        (`effective`), and divergences; what PyTensor compiles to; versions
    """
    frame = customers(request["customers"])
    started = time.perf_counter()
    if request["method"] == "map":
        with minimising() as spent:
            found = BetaGeoModel().fit(frame, method="map", progressbar=False)
        searching = sum(spent)
    else:
        found = BetaGeoModel().fit(
            frame,
            method="mcmc",
            draws=request["draws"],
            tune=request["tune"],
            chains=request["chains"],
            cores=request["chains"],
            random_seed=request["seed"],
            progressbar=False,
        )
        searching = found.posterior.attrs["sampling_time"]
    seconds = time.perf_counter() - started
    return {
        "customers": len(frame),
        "seconds": seconds,
        "searching": searching,
        "params": {name: float(found.posterior[name].mean()) for name in PARAMS},
        **(spread(found) if request["method"] == "mcmc" else {}),
        "compiled_to": "C" if pytensor.config.cxx else "Python",
        "versions": {name: version(name) for name in PACKAGES},
    }


def spread(found: Any) -> dict[str, Any]:
    """How the chains lie around their mean, and whether they can be trusted."""
    posterior = found.posterior
    effective = arviz.ess(found, var_names=list(PARAMS))
    return {
        "deviations": {name: float(posterior[name].std()) for name in PARAMS},
        "draws": int(posterior.sizes["chain"] * posterior.sizes["draw"]),
        "effective": min(float(effective[name]) for name in PARAMS),
        "divergences": int(found.sample_stats["diverging"].sum()),
    }


@cache
def customers(path: str) -> pd.DataFrame:
    """The frame pymc-marketing asks for; the file is read once."""
    with np.load(path) as held:
        x, t_x, T = (held[name].astype(np.float64) for name in ("x", "t_x", "T"))
    return pd.DataFrame({"customer_id": np.arange(len(x)), "frequency": x, "recency": t_x, "T": T})


@contextmanager
def minimising() -> Iterator[list[float]]:
    """Seconds within SciPy's optimiser, which PyMC calls once its functions are compiled."""
    minimize, spent = starting.minimize, []

    def timed(*given: Any, **named: Any) -> Any:
        started = time.perf_counter()
        try:
            return minimize(*given, **named)
        finally:
            spent.append(time.perf_counter() - started)

    starting.minimize = timed
    try:
        yield spent
    finally:
        starting.minimize = minimize


if __name__ == "__main__":
    main()
