"""How right forecasts are, beside what people would otherwise use, on real logs."""
