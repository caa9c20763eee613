"""Shops that never were: customers, orders and a market drawn from a known truth."""
