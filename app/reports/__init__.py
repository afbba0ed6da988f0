"""Activity reports, made by a worker."""
