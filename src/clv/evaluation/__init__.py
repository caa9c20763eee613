"""How good a forecast is, and how it is shown."""
