"""The tables of posts and likes. The big ones: 1M posts at size L."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, HashIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models.functions import Now

SEARCH_CONFIG = "simple"
"""whole words in any language, none left out"""


class Post(models.Model):
    """A text with up to four pictures. `likes` is counted with each like's own row."""

    id = models.UUIDField(primary_key=True)
    author_id = models.UUIDField()
    text = models.TextField()
    media_ids = ArrayField(models.UUIDField(), default=list)
    likes = models.IntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        """A like touches no indexed column, so its new row version stays on the page (HOT)."""

        db_table = "posts_post"
        indexes = [
            models.Index(fields=["author_id", "-id"], name="posts_post_author"),
            # A GIN index with a pending list would make some searches pay for the writes before.
            GinIndex(
                SearchVector("text", config=SEARCH_CONFIG),
                name="posts_post_words",
                fastupdate=False,
            ),
            # Support looks up a post by its exact text; texts are too long for a B-tree's key.
            HashIndex(fields=["text"], name="posts_post_text"),
        ]


class Like(models.Model):
    """Somebody likes a post: once, whatever comes twice."""

    pk = models.CompositePrimaryKey("post_id", "account_id")
    post_id = models.UUIDField()
    account_id = models.UUIDField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        """The other way round for whoever wants all likes of an account."""

        db_table = "posts_like"
        indexes = [models.Index(fields=["account_id", "-post_id"], name="posts_like_account")]
