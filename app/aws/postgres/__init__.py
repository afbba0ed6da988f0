"""Django's PostgreSQL backend with a pool that gives up soon and recovers by itself."""
