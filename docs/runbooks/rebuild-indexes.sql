-- Makes every index of the app's big tables that is missing or invalid, without holding up writers.
-- `make psql < docs/runbooks/rebuild-indexes.sql`. The list is that of the app's models.
\set ON_ERROR_STOP on
SET statement_timeout = 0;
SET lock_timeout = '10s';
CREATE TEMPORARY TABLE wanted (name text PRIMARY KEY, made text);
INSERT INTO wanted VALUES
  ('posts_post_author', 'posts_post (author_id, id DESC)'),
  ('posts_post_words', 'posts_post USING gin (to_tsvector(''simple''::regconfig, COALESCE(text, ''''))) WITH (fastupdate = off)'),
  ('posts_post_text', 'posts_post USING hash (text)'),
  ('posts_like_account', 'posts_like (account_id, post_id DESC)'),
  ('timeline_followed', 'timeline_follow (followed_id, follower_id)');
-- What a build that was cut short has left: it costs writes and answers nothing.
SELECT format('DROP INDEX CONCURRENTLY %I', name)
  FROM wanted JOIN pg_index ON indexrelid = to_regclass(name) WHERE NOT indisvalid \gexec
SELECT format('CREATE INDEX CONCURRENTLY %I ON %s', name, made)
  FROM wanted WHERE to_regclass(name) IS NULL \gexec
SELECT name, indisvalid AS valid, pg_size_pretty(pg_relation_size(indexrelid)) AS size
  FROM wanted LEFT JOIN pg_index ON indexrelid = to_regclass(name) ORDER BY name;
