"""E-mail, each sent once."""
