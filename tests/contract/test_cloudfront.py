"""CloudFront: what the edge keeps, for how long, what it says when an origin fails, what it passes.

Both origins are scripted (they count what they are asked); S3's own answers are in the last test.
"""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import secrets
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from standin import NOT_YET, Answer, Box, Stand, ask, secret, serves

from tenfold.wait import wait_until

pytestmark = pytest.mark.contract

ORIGIN = (Path(__file__).parent / "scripted_origin.py").read_text(encoding="utf-8")
ERROR_TTL = 2
PAGE, MISSING = "<html>Back in a moment</html>", "<html>Nothing is here</html>"
HTML = {"Accept": "text/html,application/xhtml+xml"}


@dataclass(frozen=True)
class Edge:
    """The edge and the origins behind it."""

    stand: Stand
    box: Box
    alb: Box
    s3: Box

    def get(self, path: str, headers: dict[str, str] | None = None) -> Answer:
        """GET through the edge."""
        return self.box.call(8080, "GET", path, headers=headers)

    def put_object(self, path: str, body: str = "", origin: Box | None = None, **told: Any) -> None:
        """Tell S3 (or the other origin) what to answer."""
        data = json.dumps({"body": body, **told}).encode()
        assert (origin or self.s3).call(8001, "PUT", path, data).status == 200

    def asked(self, path: str, origin: Box | None = None) -> list[dict[str, Any]]:
        """What S3 (or the other origin) was asked about a path."""
        found: list[dict[str, Any]] = (origin or self.s3).call(8001, "GET", path).json
        return found


def cloudfront(stand: Stand, alb: str, s3: str, host: int = 10, **env: str) -> Box:
    """An edge for these two origins, with time constants that suit a test."""
    settings = {
        "ORIGIN_ALB": alb,
        "ORIGIN_S3": s3,
        "CLOUDFRONT_ERROR_TTL": str(ERROR_TTL),
        "CLOUDFRONT_CONNECT_TIMEOUT": "1",
        **env,
    }
    box = stand.run(
        "tenfold/cloudfront:dev",
        service=f"cloudfront{host}",
        host=host,
        env=settings,
        ports=[8080, 9001],
        memory="128m",
    )
    serves(box, 9001, "/healthz", bound=10)
    return box


def scripted(stand: Stand, kind: str, host: int) -> Box:
    """An origin that does what it is told."""
    box = stand.run(
        "tenfold/rds:dev",
        ["python3", "-c", ORIGIN],
        service=kind,
        host=host,
        env={"KIND": kind},
        user="10001",
        ports=[8001],
    )
    serves(box, 8001, "/", bound=15)
    return box


@pytest.fixture(scope="module")
def edge() -> Iterator[Edge]:
    """An edge in good times, its error page fetched."""
    with Stand("cloudfront") as stand:
        alb, s3 = scripted(stand, "alb", 11), scripted(stand, "s3", 12)
        box = cloudfront(stand, f"{alb.ip}:8000", f"{s3.ip}:8000")
        made = Edge(stand, box, alb, s3)
        keeps_pages(made)
        yield made


def keeps_pages(edge: Edge, box: Box | None = None) -> None:
    """Give the edge (or another one of the same S3) its error pages, and see that it has them."""
    edge.put_object("/tenfold-static/pages/error.html", PAGE)
    edge.put_object("/tenfold-static/pages/missing.html", MISSING)
    # The one for 404 is fetched after the other.
    wait_until(
        "the error pages",
        lambda: (box or edge.box).call(8080, "GET", "/static/none").text == MISSING,
        bound=15,
    )


def fresh(kind: str = "static") -> tuple[str, str]:
    """A new object's path at the edge and in S3."""
    name = secrets.token_hex(6)
    return f"/{kind}/{name}", f"/tenfold-{kind}/{name}"


def test_second_request_is_a_hit(edge: Edge) -> None:
    """The headers say so, and S3 is asked once, as itself and without the viewer's secrets."""
    path, key = fresh()
    edge.put_object(key, "body")
    first, second = edge.get(path, {"Cookie": "a=1"}), edge.get(path)
    assert (first.status, first.text) == (second.status, second.text) == (200, "body")
    assert first.headers["x-cache"] == "Miss from cloudfront"
    assert second.headers["x-cache"] == "Hit from cloudfront"
    assert "age" not in first.headers
    assert int(second.headers["age"]) <= 5
    assert second.headers["via"].endswith(".cloudfront.net (CloudFront)")
    assert first.headers["x-amz-cf-id"] != second.headers["x-amz-cf-id"]
    (asked,) = edge.asked(key)
    assert asked["headers"]["host"] == "s3:9000"
    assert "cookie" not in asked["headers"]


def test_query_and_cookies_are_not_in_the_key(edge: Edge) -> None:
    """Neither makes another object, nor reaches S3."""
    path, key = fresh()
    edge.put_object(key, "body")
    edge.get(path + "?v=1", {"Cookie": "a=1"})
    assert edge.get(path + "?v=2", {"Cookie": "a=2"}).headers["x-cache"].startswith("Hit")
    assert [one["query"] for one in edge.asked(key)] == [""]


def test_unchanged_is_304_and_a_range_206(edge: Edge) -> None:
    """Both are answered from the cache; a range that misses fetches the whole object."""
    path, key = fresh()
    edge.put_object(key, "0123456789")
    part = edge.get(path, {"Range": "bytes=2-4"})
    assert (part.status, part.text) == (206, "234")
    assert part.headers["content-range"] == "bytes 2-4/10"
    whole = edge.get(path)
    assert whole.text == "0123456789"
    same = edge.get(path, {"If-None-Match": whole.headers["etag"]})
    assert (same.status, same.body) == (304, b"")
    assert edge.get(path, {"Range": "bytes=50-60"}).status == 416
    assert len(edge.asked(key)) == 1


def test_thirty_misses_at_once_are_one_request(edge: Edge) -> None:
    """Misses of one object are collapsed."""
    path, key = fresh()
    edge.put_object(key, "body", delay=0.4)
    with ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(lambda _: edge.get(path), range(30)))
    assert {(one.status, one.text) for one in answers} == {(200, "body")}
    assert len(edge.asked(key)) == 1


def test_the_objects_cache_control_wins(edge: Edge) -> None:
    """no-store is never kept; max-age ends before the default of 24 h, and is then asked again."""
    path, key = fresh()
    edge.put_object(key, "body", headers={"Cache-Control": "no-store"})
    for _ in range(2):
        assert edge.get(path).headers["x-cache"].startswith("Miss")
    path, key = fresh()
    edge.put_object(key, "old", headers={"Cache-Control": "max-age=1"})
    assert edge.get(path).text == "old"
    edge.put_object(key, "new", headers={"Cache-Control": "max-age=1"})
    assert edge.get(path).text == "old"
    wait_until("the new object", lambda: edge.get(path).text == "new", bound=5)


def test_an_expired_object_is_asked_for_by_its_tag(edge: Edge) -> None:
    """S3 answers 304, and the object's age begins anew."""
    path, key = fresh()
    edge.put_object(key, "body", headers={"Cache-Control": "max-age=2"})
    edge.get(path)
    wait_until("the expiry", lambda: edge.get(path).headers["x-cache"].startswith("Ref"), bound=6)
    wait_until("the second request", lambda: len(edge.asked(key)) == 2, bound=5)
    assert edge.asked(key)[1]["headers"]["if-none-match"]
    again = edge.get(path)
    assert again.headers["x-cache"].startswith("Hit")
    assert int(again.headers["age"]) <= 1


def test_text_is_compressed_once(edge: Edge) -> None:
    """The cache keeps the compressed variant; whoever takes no gzip gets the other one."""
    path, key = fresh()
    text = "body { color: red }\n" * 200
    edge.put_object(key, text, headers={"Content-Type": "text/css"})
    first, second = (edge.get(path, {"Accept-Encoding": "br, gzip"}) for _ in range(2))
    assert first.headers["content-encoding"] == second.headers["content-encoding"] == "gzip"
    assert gzip.decompress(second.body).decode() == text
    assert second.headers["x-cache"].startswith("Hit")
    assert len(second.body) < len(text) / 5
    plain = edge.get(path, {"Accept-Encoding": "gzip;q=0"})
    assert "content-encoding" not in plain.headers
    assert plain.text == text
    assert "accept-encoding" in plain.headers["vary"].lower()
    same = edge.get(path, {"If-None-Match": second.headers["etag"], "Accept-Encoding": "gzip"})
    assert same.status == 304
    assert len(edge.asked(key)) == 2


def test_an_error_is_kept_for_its_time(edge: Edge) -> None:
    """S3's 404 is asked for once in CLOUDFRONT_ERROR_TTL, not at each request."""
    path, key = fresh()
    for _ in range(5):
        assert edge.get(path).status == 404
    assert len(edge.asked(key)) == 1
    edge.put_object(key, "there")
    wait_until("the object", lambda: edge.get(path).text == "there", bound=ERROR_TTL + 5)


@pytest.mark.parametrize("status", [403, 404])
def test_what_is_missing_is_404_with_the_error_page(edge: Edge, status: int) -> None:
    """S3 says 403 where the caller may not list; its XML never leaves."""
    path, key = fresh("media")
    edge.put_object(key, "<Error>NoSuchKey</Error>", status=status)
    for _ in range(2):
        got = edge.get(path)
        assert (got.status, got.text) == (404, MISSING)
        assert got.headers["x-cache"] == "Error from cloudfront"
        assert got.headers["content-type"].startswith("text/html")
    head = edge.box.call(8080, "HEAD", path)
    assert (head.status, head.body) == (404, b"")


@pytest.mark.parametrize("how", ["kill", "pause"])
def test_stale_is_served_at_once_while_s3_is_away(how: str) -> None:
    """A hit never waits for a dead origin, on one kept connection neither; a miss is 5xx."""
    with Stand("stale") as stand:
        s3 = scripted(stand, "s3", 12)
        box = cloudfront(stand, "127.0.0.1:9", f"{s3.ip}:8000")
        edge = Edge(stand, box, s3, s3)
        path, key = fresh()
        edge.put_object(key, "body", headers={"Cache-Control": "max-age=1"})
        keeps_pages(edge)
        assert edge.get(path).text == "body"
        getattr(s3, how)()
        link = http.client.HTTPConnection("127.0.0.1", box.port(8080), timeout=20)
        with contextlib.closing(link):
            wait_until(
                "the expiry",
                lambda: ask(link, "GET", path).headers["x-cache"].startswith("Refresh"),
                bound=6,
            )
            answers: list[Answer] = []
            over = time.monotonic() + 2.5 * ERROR_TTL

            def through() -> bool:
                answers.append(ask(link, "GET", path))
                return time.monotonic() > over

            wait_until("two error times", through, bound=30, every=0.02)
        assert len(answers) > 50
        assert {(one.status, one.text) for one in answers} == {(200, "body")}
        # The first refresh may hold its connection's next request: 40 ms for an S3 that is gone,
        # 0.5 s for one that takes the connection and says nothing. Then the edge looks by itself.
        slow = [one.seconds for one in answers if one.seconds > 0.1]
        assert len(slow) <= (how == "pause")
        assert max(slow, default=0) < 0.9
        if how == "kill":
            missing = edge.get("/static/never-seen")
            assert missing.status in (502, 504)
            assert missing.text == PAGE
            # AWS tries a connection three times; here each try is given up after 1 s.
            assert missing.seconds < 6
            assert edge.get("/static/never-seen").seconds < 0.5, "the error is kept"
            s3.start()
            serves(s3, 8001, "/")
            wait_until("S3 again", lambda: edge.get("/static/none").status == 404, bound=15)


def test_stale_can_be_switched_off() -> None:
    """CLOUDFRONT_STALE=0 is the negative control: an expired object is an error then."""
    with Stand("nostale") as stand:
        s3 = scripted(stand, "s3", 12)
        box = cloudfront(stand, "127.0.0.1:9", f"{s3.ip}:8000", CLOUDFRONT_STALE="0")
        edge = Edge(stand, box, s3, s3)
        path, key = fresh()
        edge.put_object(key, "body", headers={"Cache-Control": "max-age=1"})
        assert edge.get(path).text == "body"
        s3.kill()
        wait_until("the error", lambda: edge.get(path).status >= 500, bound=15)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_everything_else_passes_to_the_alb(edge: Edge, method: str) -> None:
    """Each time, with its method, query, cookies, headers and body; only what AWS adds is added."""
    path = f"/api/{secrets.token_hex(6)}"
    sent = {
        "Host": "example.test",
        "Cookie": "sid=1",
        "Authorization": "Bearer t",
        "Idempotency-Key": "k",
        "X-Amzn-Trace-Id": "Root=1-2-3",
        "X-Forwarded-For": "203.0.113.9",
        "User-Agent": "viewer",
    }
    body = b'{"a": 1}' if method != "GET" else None
    for _ in range(2):
        got = edge.box.call(8080, method, path + "?q=a%2Fb&q=c", body, sent)
        assert got.status == 200
        assert got.headers["x-cache"] == "Miss from cloudfront"
        assert got.headers["x-served-by"] == "web-1"
        assert got.headers["x-content-type-options"] == "nosniff"
    first, second = edge.asked(path, edge.alb)
    assert first["method"] == method
    assert first["query"] == "q=a%2Fb&q=c"
    assert first["body"] == (body or b"").decode()
    seen = first["headers"]
    assert {name: seen[name.lower()] for name in sent if name != "X-Forwarded-For"} == {
        name: value for name, value in sent.items() if name != "X-Forwarded-For"
    }
    assert seen["x-forwarded-for"].startswith("203.0.113.9, ")
    assert seen["x-amz-cf-id"] != second["headers"]["x-amz-cf-id"]
    assert "cloudfront.net" in seen["via"]


def test_a_path_is_not_rewritten(edge: Edge) -> None:
    """Escapes reach the origin as they were sent."""
    path = f"/api/{secrets.token_hex(6)}/a%20b%2Fc"
    assert edge.get(path).status == 200
    assert len(edge.asked(path, edge.alb)) == 1


def test_the_albs_own_errors_are_a_page_for_people(edge: Edge) -> None:
    """Status kept; programs get what the ALB said; nothing is retried, nothing kept."""
    path = f"/{secrets.token_hex(6)}"
    edge.put_object(path, "<h1>503</h1>", edge.alb, status=503)
    person, program = edge.get(path, HTML), edge.get(path, {"Accept": "application/json"})
    assert (person.status, person.text) == (503, PAGE)
    assert (program.status, program.text) == (503, "<h1>503</h1>")
    assert len(edge.asked(path, edge.alb)) == 2


@pytest.mark.parametrize("status", [404, 409, 429, 500, 502, 503])
def test_the_applications_errors_pass_as_they_are(edge: Edge, status: int) -> None:
    """Whoever asks: what carries X-Served-By is the application's own word."""
    path = f"/{secrets.token_hex(6)}"
    told = {"X-Served-By": "web-1", "Content-Type": "application/problem+json"}
    edge.put_object(path, '{"title": "no"}', edge.alb, status=status, headers=told)
    got = edge.get(path, HTML)
    assert (got.status, got.text) == (status, '{"title": "no"}')
    assert got.headers["content-type"] == "application/problem+json"
    assert got.headers["x-cache"] == "Error from cloudfront"


def test_a_dead_alb_is_a_page_or_cloudfronts_words(edge: Edge) -> None:
    """Nobody waits longer than the connect time-out, and nobody sees nginx's page."""
    box = cloudfront(edge.stand, edge.stand.address(99) + ":80", f"{edge.s3.ip}:8000", host=20)
    keeps_pages(edge, box)
    person = box.call(8080, "GET", "/", headers=HTML)
    assert person.status in (502, 504)
    assert person.text == PAGE
    program = box.call(8080, "POST", "/api/x", b"{}", {"Accept": "application/json"})
    assert program.status in (502, 504)
    assert "Generated by cloudfront" in program.text
    assert max(person.seconds, program.seconds) < 3


@pytest.mark.parametrize(
    "path", ["/metrics", "/metrics/", "//metrics", "/%6detrics", "/a/../metrics"]
)
def test_metrics_are_not_for_the_world(edge: Edge, path: str) -> None:
    """However it is spelt."""
    assert edge.get(path).status == 404
    assert not edge.asked(path, edge.alb)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/static/x"),
        ("PUT", "/media/x"),
        ("DELETE", "/media/x"),
        ("GET", "/upload/tenfold-media/x"),
        ("POST", "/upload/tenfold-media/x"),
        ("PUT", "/upload/tenfold-static/x"),
        ("PUT", "/upload/tenfold-media/../tenfold-static/x"),
        ("PUT", "/upload/x"),
    ],
)
def test_what_a_behaviour_does_not_allow_is_403(edge: Edge, method: str, path: str) -> None:
    """As CloudFront answers a method or a path it was not configured for; S3 is not asked."""
    got = edge.box.call(8080, method, path, b"x" if method != "GET" else None)
    assert got.status == 403
    assert "Generated by cloudfront" in got.text
    assert not [one for one in edge.asked("/tenfold-static/x") if one["method"] != "GET"]


def test_requests_and_the_cache_are_counted(edge: Edge) -> None:
    """Hits and misses by behaviour, on a port that is never published by a stage."""
    path, key = fresh("media")
    edge.put_object(key, "body")

    def count(result: str) -> float:
        line = f'cloudfront_cache_total{{behavior="media",result="{result}"}} '
        shown = edge.box.call(9001, "GET", "/metrics").text.splitlines()
        return sum(float(one.removeprefix(line)) for one in shown if one.startswith(line))

    hits, misses = count("hit"), count("miss")
    for _ in range(4):
        edge.get(path)
    wait_until("the count", lambda: (count("hit"), count("miss")) == (hits + 3, misses + 1), 5)


@pytest.mark.parametrize("bad", [{"ORIGIN_ALB": ""}, {"CLOUDFRONT_ERROR_TTL": "soon"}])
def test_a_wrong_setting_stops_the_start(edge: Edge, bad: dict[str, str]) -> None:
    """With one line that names it."""
    env = {"ORIGIN_ALB": "127.0.0.1:1", "ORIGIN_S3": "127.0.0.1:2", **bad}
    box = edge.stand.run(
        "tenfold/cloudfront:dev", service=f"bad{secrets.token_hex(2)}", host=30, env=env
    )
    assert edge.stand.engine.wait(edge.stand.engine.inspect(box.id), 10) == 64
    assert next(iter(bad)) in box.logs()
    edge.stand.engine.remove(edge.stand.engine.inspect(box.id))


def test_upload_and_download_with_s3_itself(tmp_path: Path) -> None:
    """A presigned PUT passes as signed; the picture comes back by /media; a forgery is refused."""
    mount, keys = secret(tmp_path, "tenfold-s3")
    with Stand("upload") as stand:
        s3 = stand.run("tenfold/s3:dev", service="s3", host=12, files=mount, ports=[9000])
        box = cloudfront(stand, "127.0.0.1:9", f"{s3.ip}:9000")
        serves(s3, 9000, "/minio/health/ready")

        def client(endpoint: str) -> Any:
            return boto3.client(
                "s3",
                endpoint_url=endpoint,
                aws_access_key_id=keys["access_key"],
                aws_secret_access_key=keys["secret_key"],
                region_name="us-east-1",
                config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
            )

        direct = client(f"http://127.0.0.1:{s3.port(9000)}")
        direct.create_bucket(Bucket="tenfold-media")
        allow = {
            "Effect": "Allow",
            "Principal": {"AWS": ["*"]},
            "Action": ["s3:GetObject"],
            "Resource": ["arn:aws:s3:::tenfold-media/*"],
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        direct.put_bucket_policy(Bucket="tenfold-media", Policy=policy)

        def put(key: str, body: bytes, spoil: str = "") -> Answer:
            signed = client("http://s3:9000").generate_presigned_url(
                "put_object",
                Params={"Bucket": "tenfold-media", "Key": key, "ContentType": "image/png"},
            )
            path = "/upload" + signed.removeprefix("http://s3:9000") + spoil
            headers = {"Content-Type": "image/png", "Cookie": "sid=1"}
            return box.call(8080, "PUT", path, body, headers)

        picture = secrets.token_bytes(300_000)
        done = put("a b/ö.png", picture)
        assert done.status == 200, done.text
        assert not [name for name in done.headers if name.startswith("x-minio")]
        got = box.call(8080, "GET", "/media/a%20b/%C3%B6.png")
        assert (got.status, got.headers["content-type"]) == (200, "image/png")
        assert got.body == picture
        assert got.headers["content-security-policy"] == "default-src 'none'; sandbox"
        forged = put("b.png", b"x", spoil="0")
        assert forged.status == 403
        assert "<Error>" not in forged.text
        assert put("c.png", b"x" * (6 * 1024 * 1024)).status == 200
        with contextlib.suppress(*NOT_YET):
            assert put("d.png", b"x" * (6 * 1024 * 1024 + 1)).status == 413
        missing = box.call(8080, "GET", "/media/d.png")
        assert missing.status == 404
        assert "<Error>" not in missing.text
        assert box.call(8080, "GET", "/media/").status == 404, "no listing"
