"""A small table of customers whose target is a known function of what is known of them."""

import numpy as np
import pandas as pd


def customers(n=240, seed=0, noise=0.3):
    """Orders and channel say what is to come, colour nothing; the target counts from 10 or so."""
    rng = np.random.default_rng(seed)
    orders = rng.integers(1, 12, n).astype(float)
    channel = rng.choice(["web", "shop"], n)
    value = 10.0 * orders * np.where(channel == "web", 2.0, 1.0)
    return pd.DataFrame(
        {
            "customer_id": [f"C{i:04d}" for i in range(n)],
            "orders": orders,
            "channel": channel,
            "colour": rng.choice(["red", "green", "blue"], n),
            "joined": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 400, n), "D"),
            "clv": np.round(value * np.exp(noise * rng.normal(size=n) - noise**2 / 2), 2),
        }
    )
