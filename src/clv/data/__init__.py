"""From any log to checked transactions."""
