"""Events that clients report, each accounted for once."""
