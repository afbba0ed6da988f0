"""Who follows whom, and the home timeline that comes of it."""
