"""The seams to AWS: database routing, cache, queue, object store, secrets, telemetry, who-am-I."""
