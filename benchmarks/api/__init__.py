"""The service under load, beside a bare route of the same framework on the same machine."""
