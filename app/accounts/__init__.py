"""Who there is: accounts, their passwords, what they sign in with."""
