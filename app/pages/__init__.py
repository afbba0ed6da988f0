"""The product in a browser: server-rendered pages over the other contexts' services."""
