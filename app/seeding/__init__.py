"""A believable network to begin with: people, posts, follows, likes, a few pictures."""
