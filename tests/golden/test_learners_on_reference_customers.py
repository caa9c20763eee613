"""What learners reach on a table of customers with a given target, by five folds.

Aimed at: R2 .917 and MAE 344. The network misses both.
"""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.model_selection import KFold

from clv.models.learners import registry
from clv.models.learners.encoder import Encoder
from clv.models.learners.rows import Rows

#: R2 at least and MAE at most, means over folds.
REACHED = {
    "xgboost": (0.92, 340),
    "lightgbm": (0.92, 336),
    "random_forest": (0.92, 336),
    "gradient_boosting": (0.925, 330),
    "glm": (0.919, 347),
    "hurdle": (0.925, 330),
    "ziln": (0.90, 370),
}
#: Takes many seconds.
SLOW = "ziln"


@pytest.fixture(scope="module")
def customers(data_dir):
    table = pd.read_csv(data_dir / "reference_customers" / "customers.csv.gz")
    # The segment was cut from the target.
    return table.drop(columns=["customer_id", "customer_segment"])


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.slow] if n == SLOW else []) for n in REACHED]
)
def test_five_folds_reach_what_was_reached_before(name, customers):
    target, known = customers["actual_clv"].to_numpy(), customers.drop(columns="actual_clv")
    found = []
    for taught, asked in KFold(5, shuffle=True, random_state=42).split(known):
        encoder = Encoder.learn(known.iloc[taught])
        rows = Rows.of(encoder.of(known.iloc[taught]), encoder.names, target[taught])
        forecast = registry.make(name).fit(rows).predict(encoder.of(known.iloc[asked]))
        found.append(
            (r2_score(target[asked], forecast), mean_absolute_error(target[asked], forecast))
        )
    r2, mae = np.mean(found, axis=0)
    assert r2 >= REACHED[name][0]
    assert mae <= REACHED[name][1]
