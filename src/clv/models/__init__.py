"""Models that learn from a history and predict a horizon."""
