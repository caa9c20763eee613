"""What all requests share: the services behind them, and how they are watched and counted."""
