"""Use cases, and the outside world: runs, stores, jobs."""
