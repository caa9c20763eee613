import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clv.models.distribution import Distribution, PastDay
from clv.models.learners.encoder import Encoder
from clv.models.surrogate import AMOUNTS, CHANCES, Known, Surrogate
from clv.ops.oneprofile import OneProfile
from clv.ops.profile import Profile
from clv.ops.profilescoring import ProfileScorer, features_of
from clv.ops.scoring import Scorer
from clv.segments.levels import LevelCuts
from clv.segments.rfm import RFMScorer

N = 3000
HORIZON, MARGIN = 365, 0.4
ENCODER = Encoder(
    ("known_age",), {"first_channel": ("WEB", "Direct")}, ("first_channel",), dropped={}
)


@pytest.fixture(scope="module")
def learned():
    """What answers profiles, of a made-up population in which most numbers occur."""
    random = np.random.default_rng(7)
    x = random.poisson(1.5, N).astype(float)
    T = random.integers(30, 700, N).astype(float)
    t_x = np.where(x > 0, np.floor(T * random.random(N)), 0.0)
    total = np.round((x + 1) * random.gamma(2.0, 15.0, N), 2)
    channel = random.integers(0, 3, N)
    more = np.column_stack([random.integers(18, 80, N), *(channel == i for i in range(3))]).astype(
        float
    )
    more[random.random(N) < 0.2] = np.nan
    chance = 1.0 / (1.0 + np.exp((T - t_x) / 200.0 - x / 3.0))
    value = chance * total / (x + 1) * (1 + x)
    said = {
        **{name: value * (1 + place) for place, name in enumerate(AMOUNTS)},
        **dict.fromkeys(CHANCES, chance),
    }
    surrogate = Surrogate.learn(Known(x, t_x, T, total, more), ENCODER, said)
    actual = np.where(random.random(N) < chance, value * random.gamma(1.0, 1.0, N), 0.0)
    day = PastDay(x == 0, value, chance, actual)
    distribution = Distribution.learn([day], float(value.mean()) / MARGIN / HORIZON)
    scorer = Scorer(
        None,
        distribution,
        RFMScorer().fit(T - t_x, x + 1, total),
        LevelCuts().fit(value),
        20.0,
        {"web": "WEB", "shop": "Direct"},
    )
    return ProfileScorer(surrogate, distribution, HORIZON, MARGIN), scorer


@st.composite
def profiles(draw):
    first = draw(st.integers(0, 3000))
    last = draw(st.integers(0, first))
    x = draw(st.integers(0, first - last))
    more = {}
    if draw(st.booleans()):
        more["age"] = draw(st.floats(0, 150))
    if draw(st.booleans()):
        more["channel"] = draw(st.sampled_from(["web", "shop", "elsewhere", ""]))
    if draw(st.booleans()):
        more["email_engagement_rate"] = 0.5
    return Profile(x, first - last if x else 0, first, draw(st.floats(0, 1e6)), more=more)


@given(profiles(), st.floats(0.5, 0.99))
def test_one_profile_is_told_what_many_are(learned, profile, level):
    many, scorer = learned
    other = Profile(2.0, 50.0, 80.0, 120.0)
    expected, _ = many.figures([profile, other], scorer, level)
    more = features_of(profile, scorer)
    found = OneProfile.of(many, scorer).figures(profile, more, level)
    for name, alone, among in zip(found._fields, found, expected, strict=True):
        assert alone == (pytest.approx(among, rel=1e-9) if isinstance(among, float) else among), (
            name
        )
