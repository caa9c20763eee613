"""What to do with customers of a kind, in a sentence each."""

from __future__ import annotations

#: Respect -> name -> what to do.
ADVICE: dict[str, dict[str, str]] = {
    "segment": {
        "Champions": "Reward them and ask for reviews and referrals; a discount would give away"
        " what they pay anyway.",
        "Loyal Customers": "Offer what goes with their last orders, and let them into the loyalty"
        " programme.",
        "Potential Loyalists": "Give a reason for the next order while they are recent, such as an"
        " offer on what they have not tried.",
        "At Risk": "Write before the silence gets longer, and spend on it no more than the"
        " recommended cost.",
        "Lost": "Leave them out of paid campaigns; one cheap message is all they are worth.",
    },
    "value_tier": {
        "High-CLV": "Keep them: service first, budget for lookalikes, and a call before they"
        " leave.",
        "Growth-Potential": "Raise their order value or rhythm by bundles and reminders, against a"
        " holdout.",
        "Low-CLV": "Reach them by channels that cost next to nothing, and bid low for others like"
        " them.",
    },
    "clv_level": {
        "Top": "Know them by name: a person to turn to, early access, no discounts.",
        "High": "Keep the rhythm: reminders around the expected date of the next order.",
        "Mid": "Try what lifts them: a second category, a subscription, free shipping from a"
        " larger basket.",
        "Low": "Automate: no effort beyond what runs by itself.",
    },
    "mismatch": {
        "Aligned": "Treat them as their segment says.",
        "CLV above segment": "Treat them better than their segment says: more is to come than the"
        " past shows.",
        "CLV below segment": "Spend less on them than their segment says: the past was better than"
        " what is to come.",
    },
    "group": {
        "onetimer": "Win the second order: it tells more than any other, and most who return do so"
        " early.",
        "repeater": "Mind the expected date of the next order, and write when it has passed.",
    },
}


def advice(by: str, name: str) -> str | None:
    """What to do with customers of a name, in a respect; None where nothing general is known."""
    return ADVICE.get(by, {}).get(name)
