"""Arrays in, arrays out: the papers' formulas on numpy and scipy."""
