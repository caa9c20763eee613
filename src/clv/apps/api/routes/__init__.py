"""Routes by resource. Each says its whole path, and by `needs` who may ask."""

from clv.apps.api.routes import (
    aliases,
    cache,
    customers,
    dashboard,
    features,
    health,
    index,
    jobs,
    metrics,
    models,
    predict,
    runs,
    samples,
    segments,
    training,
    transactions,
    uploads,
)

_OWN = (
    index.router,
    health.router,
    predict.router,
    customers.router,
    segments.router,
    models.router,
    training.router,
    transactions.router,
    jobs.router,
    uploads.router,
    runs.router,
    features.router,
    samples.router,
    dashboard.router,
    cache.router,
    metrics.router,
)
ROUTERS = (*_OWN, aliases.router(_OWN))
