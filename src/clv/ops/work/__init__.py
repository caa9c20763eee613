"""Long work off the request: jobs recorded in the store, carried by a queue, done by workers."""
