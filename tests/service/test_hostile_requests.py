"""Requests that nobody means well: from the interface's own description, and by hand."""

import random
import string
import warnings
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings

with warnings.catch_warnings():
    # schemathesis is made for older versions of what it stands on
    warnings.simplefilter("ignore")
    import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

CHECKS = (not_a_server_error, content_type_conformance, response_schema_conformance)
NAMES = (
    "..",
    "../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e%2f",
    "%00",
    "a%0d%0aSet-Cookie:x=1",
    "<script>",
    "${jndi:ldap://x}",
    "{{7*7}}",
    "';drop table runs;--",
    "polyps/../../x",
    "polyps%2f..",
    "\u202epolyps",
    "polyps\ud83d".encode("utf-8", "surrogatepass").hex(),
    "x" * 10_000,
    "%ff%fe",
    "polyps.",
    " polyps",
    "0" * 16,
)
PATHS = (
    "/sweeps/{}",
    "/sweeps/{}/report.html",
    "/sweeps/polyps/trials/{}",
    "/sweeps/polyps/curves?cohort={}&metric={}",
    "/compare?first={}&second={}",
    "/sweeps/polyps/tables/{}",
    "/api/v1/sweeps/polyps/tables/{}",
    "/static/{}",
    "/api/v1/sweeps/{}",
    "/api/v1/sweeps/{}/comparisons",
    "/api/v1/sweeps/polyps/trials/{}/curves",
    "/api/v1/sweeps?limit={}",
    "/login?next={}",
)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_name_is_refused_or_means_nothing(client: TestClient, path: str, name: str) -> None:
    answer = client.get(path.replace("{}", name))
    assert answer.status_code in (200, 303, 307, 404, 422)
    assert "root:" not in answer.text
    assert "set-cookie" not in answer.headers


def test_two_hundred_random_paths(client: TestClient) -> None:
    rng = random.Random(7)
    letters = string.printable.strip() + "Φé\u0000\u2028"
    for _ in range(200):
        parts = ("".join(rng.choices(letters, k=rng.randint(1, 12))) for _ in range(rng.randint(1, 5)))
        path = "/" + "/".join(quote(part, safe=rng.choice(["", "/?&=.", "%"])) for part in parts)
        assert client.get(path).status_code in (200, 303, 307, 404, 422), path


def test_whatever_the_description_allows_is_answered_as_described(server: str) -> None:
    schema = schemathesis.openapi.from_url(f"{server}/api/v1/openapi.json")
    found = 0
    asked = set()
    for operation in schema.get_all_operations():
        asked.add(operation.ok().label)
        case_strategy = operation.ok().as_strategy()

        @settings(max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(case=case_strategy)
        def check(case: schemathesis.Case) -> None:
            nonlocal found
            found += 1
            case.validate_response(case.call(), checks=list(CHECKS))

        check()
    assert found > 200
    assert {"POST /api/v1/sweeps", "GET /api/v1/sweeps/{sweep}/tables/{table}"} <= asked
