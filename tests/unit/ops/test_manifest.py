"""What is said of the windows that chances were calibrated by is what they were."""

import pytest

from clv.ops.manifest import calibrated


@pytest.mark.parametrize(
    ("judged", "ahead", "said"),
    [
        ([0], 1, "by halves of its customers"),
        ([0], 1, "those for the days ahead rest on 1 past day"),
        ([1], 2, "judged on one past day, calibrated by a single earlier window; "),
        ([1, 1], 3, "judged on 2 past days by windows over by then, for all of them a single one"),
        ([1, 2], 4, "judged on 2 past days by windows over by then, for 1 of them a single one"),
        ([2, 3], 5, "judged on 2 past days by windows over by then, at least two for each; "),
        ([1, 2], 4, "those for the days ahead rest on 4 past days"),
    ],
)
def test_how_many_windows_chances_rest_on_is_told(judged, ahead, said):
    assert said in calibrated(judged, ahead)
