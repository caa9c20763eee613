"""The store: published runs and their forecasts, jobs, keys, audit; SQLite or PostgreSQL."""

from clv.core.errors import DependencyError

try:
    import sqlalchemy  # noqa: F401
except ModuleNotFoundError:
    raise DependencyError("sqlalchemy is not installed: pip install 'clv[service]'") from None
