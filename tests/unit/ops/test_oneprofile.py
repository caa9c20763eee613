from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clv.core.errors import ProfileError
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


@pytest.fixture(scope="module", params=["all", "less"])
def learned(request):
    """What answers profiles, of a made-up population in which most numbers occur."""
    return make(unsaid=() if request.param == "all" else ("p_alive", "next_days"))


def make(unsaid):
    """
    Parameters
    ----------
    unsaid : what the champion does not say of anybody
    """
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
        **dict.fromkeys(unsaid, np.full(N, np.nan)),
    }
    surrogate = Surrogate.learn(Known(x, t_x, T, total, more), ENCODER, said)
    actual = np.where(random.random(N) < chance, value * random.gamma(1.0, 1.0, N), 0.0)
    day = PastDay(x == 0, value, chance, actual)
    distribution = Distribution.learn([day], float(value.mean()) / MARGIN / HORIZON)
    scorer = Scorer(
        SimpleNamespace(signal_=not unsaid),
        distribution,
        RFMScorer().fit(T - t_x, x + 1, total),
        LevelCuts().fit(value),
        20.0,
        {"web": "WEB", "shop": "Direct"},
    )
    return ProfileScorer(surrogate, distribution, HORIZON, MARGIN, frozenset({"known_age"})), scorer


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
        if isinstance(among, float):
            among = pytest.approx(among, rel=1e-9, nan_ok=True)
        assert alone == among, name


def test_what_the_champion_does_not_say_is_not_told():
    many, scorer = make(unsaid=("p_alive", "next_days"))
    profile = Profile(2.0, 50.0, 80.0, 120.0)
    [found] = many.figures([profile], scorer, 0.9)
    told = many.told(profile, found, found, scorer, date(2026, 1, 1))
    assert (told["p_alive"], told["next_purchase_date"]) == (None, None)
    assert told["reasons"].endswith("; forecast like everyone, as the past tells nobody apart")
    assert 0 < told["p_purchase"] < 1
    assert told["clv"] > 0


def test_text_where_the_run_learned_from_numbers_is_refused():
    many, _ = make(unsaid=())
    dated = replace(many, dates=frozenset())
    day = date(2024, 3, 1)
    # Here age is learned as days from a date.
    assert many.as_learned({"age": "2024-02-01", "channel": "web"}, day) == {
        "age": 29.0,
        "channel": "web",
    }
    with pytest.raises(ProfileError, match=r"age is 'young'. Write the day as YYYY-MM-DD"):
        many.as_learned({"age": "young"}, day)
    with pytest.raises(ProfileError, match=r"age is '2024-02-01'. Give a number"):
        dated.as_learned({"age": "2024-02-01"}, day)
    assert dated.as_learned({"age": 3, "unheard_of": "x"}, day) == {"age": 3, "unheard_of": "x"}
