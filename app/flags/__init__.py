"""Feature flags in a table."""
