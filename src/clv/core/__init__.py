"""Words everything else is said in: days and horizons, table contracts, errors."""
