"""Who is let through the edge, and what stands in each answer."""

import re

import pytest

from tests.edges import HERE, TestClient, edge, problem


@pytest.mark.parametrize("given", ["abc", "A-1_2.3", "x" * 64])
def test_a_sane_request_id_is_kept(here, given):
    assert here.get("/t/open", headers={"x-request-id": given}).headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "a\tb", "ü", "<script>", "a;b", "jo@x.org"])
def test_any_other_request_id_is_replaced(here, given):
    answer = here.get("/t/open", headers={"x-request-id": given.encode()})
    assert re.fullmatch(r"[0-9a-f]{16}", answer.headers["x-request-id"])


def test_every_request_has_an_id_of_its_own(here):
    found = {here.get("/t/open").headers["x-request-id"] for _ in range(50)}
    assert len(found) == 50


SAFE = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


@pytest.mark.parametrize("path", ["/t/open", "/nowhere", "/t/broken", "/t/gone", "/api/health"])
def test_every_answer_has_safe_headers(here, path):
    headers = here.get(path).headers
    assert {name: headers[name] for name in SAFE} == SAFE
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "strict-transport-security" not in headers
    assert "server" not in headers


def test_https_is_asked_for_only_where_it_is(tmp_path):
    with edge(tmp_path, base_url="https://localhost") as made:
        assert "max-age=" in made.get("/t/open").headers["strict-transport-security"]


@pytest.mark.parametrize("host", ["localhost", "LocalHost:8000", "127.0.0.1:1", "[::1]:8000"])
def test_on_loopback_it_answers_to_loopback_names(here, host):
    assert here.get("/t/open", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "", "[::2]", "0"]
)
def test_on_loopback_it_answers_to_no_other_name(here, host):
    problem(here.get("/t/open", headers={"host": host}), 400, "host")


def test_names_can_be_added(tmp_path):
    with edge(tmp_path, allowed_hosts=["clv.example.com", "*.shop.example"]) as made:
        for host in ("clv.example.com", "eu.shop.example:443", "localhost"):
            assert made.get("/t/open", headers={"host": host}).status_code == 200
        for host in ("example.com", "shop.example", "evilshop.example"):
            problem(made.get("/t/open", headers={"host": host}), 400, "host")


def test_off_loopback_any_name_will_do_unless_some_are_set(tmp_path):
    with edge(tmp_path / "a", host="0.0.0.0") as made:
        assert made.get("/t/open", headers={"host": "10.0.0.7"}).status_code == 200
    with edge(tmp_path / "b", host="0.0.0.0", allowed_hosts=["a.example"]) as made:
        problem(made.get("/t/open", headers={"host": "10.0.0.7"}), 400, "host")


def test_a_page_of_another_origin_may_not_write(here):
    for origin in ("https://evil.example", "http://localhost:3000", "null"):
        problem(here.post("/t/train", headers={"origin": origin}), 403, "origin")
    assert here.post("/t/train", headers={"origin": "http://localhost"}).status_code == 200
    # What it reads, its browser does not show it.
    answer = here.get("/t/pages", headers={"origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answer.headers


def test_a_form_of_another_page_is_not_taken_for_json(here):
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        sent = {"content": b'{"customer_id": "a"}', "headers": {"content-type": kind}}
        told = problem(here.post("/t/predict", **sent), 415, "media-type")
        assert "application/json" in told["detail"]


def test_origins_can_be_let_in(tmp_path):
    shop = "https://shop.example"
    with edge(tmp_path, cors_origins=[shop]) as made:
        asked = {
            "origin": shop,
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization, content-type",
        }
        before = made.options("/t/predict", headers=asked)
        assert before.status_code == 200
        assert before.headers["access-control-allow-origin"] == shop
        assert "authorization" in before.headers["access-control-allow-headers"].lower()
        answer = made.post("/t/train", headers={"origin": shop})
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == shop
        assert "X-Request-ID" in answer.headers["access-control-expose-headers"]
        problem(made.post("/t/train", headers={"origin": "https://other.example"}), 403, "origin")


FORWARDED = {"x-forwarded-for": "203.0.113.9", "x-forwarded-proto": "https"}


def test_what_a_proxy_says_is_not_believed_unless_it_is_named(tmp_path):
    with edge(tmp_path / "a", require_keys=True) as made:
        answer = made.get("/t/pages", headers={**FORWARDED, **made.key("read")})
        assert answer.status_code == 200
        assert "strict-transport-security" not in answer.headers
    with edge(tmp_path / "b", trusted_proxies=[HERE[0]]) as made:
        answer = made.get("/t/pages", headers={**FORWARDED, **made.key("read")})
        assert answer.status_code == 200
        assert "strict-transport-security" in answer.headers


@pytest.mark.parametrize("trusted", [[], [HERE[0]]])
@pytest.mark.parametrize("name", ["x-forwarded-for", "forwarded", "x-real-ip"])
def test_who_comes_through_a_proxy_is_not_at_this_machine(tmp_path, trusted, name):
    with edge(tmp_path, trusted_proxies=trusted) as made:
        assert made.get("/t/pages").status_code == 200
        told = problem(made.get("/t/pages", headers={name: "203.0.113.9"}), 401, "unauthorized")
        assert "through a proxy" in told["detail"]


def test_who_is_elsewhere_needs_a_key_whatever_the_settings_say(here):
    for client, status in ((("203.0.113.9", 1), 401), (("::ffff:127.0.0.1", 1), 200)):
        other = TestClient(here.client.app, "http://localhost", client=client)
        assert other.get("/t/pages").status_code == status
