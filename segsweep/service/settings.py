"""How the service is run, read once from options and environment."""

import hashlib
import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from segsweep.errors import InputError
from segsweep.orchestration.addresses import is_distant

SHORTEST_TOKEN = 24
"""Characters; `segsweep serve` refuses what can be guessed."""


@dataclass(frozen=True)
class Settings:
    """Everything that a person chooses.

    Args:
        host: address to listen on.
        port: to listen on.
        results: folder for computed results.
        tokens: file of bearer tokens, one a line; None = `fixed_tokens` alone.
        fixed_tokens: bearer tokens from the environment.
        mlflow: address of the MLflow UI that pages link to; None = no links.
        cluster: address of the Ray cluster's Jobs API that grids are handed over to; None = nothing is launched.
        data_roots: folders and `s3://bucket/prefix` of that cluster that such grids may take datasets from.
        pseudonyms: secret under which cases are shown by pseudonyms; None = by their names.
        refresh_seconds: how often the tracking store is asked.
        largest_body: bytes of a request.
        timeout_seconds: until a request must have begun to be answered.
    """

    host: str
    port: int
    results: Path
    tokens: Path | None = None
    fixed_tokens: tuple[str, ...] = ()
    mlflow: str | None = None
    cluster: str | None = None
    data_roots: tuple[str, ...] = ()
    pseudonyms: str | None = None
    refresh_seconds: float = 3.0
    largest_body: int = 1 << 20
    timeout_seconds: float = 30.0

    def __post_init__(self) -> None:
        if short := [token for token in self.fixed_tokens if len(token) < SHORTEST_TOKEN]:
            raise InputError(
                f"$SEGSWEEP_TOKENS: a token has at least {SHORTEST_TOKEN} characters, one has {len(short[0])}"
            )
        if self.pseudonyms is not None and len(self.pseudonyms) < SHORTEST_TOKEN:
            raise InputError(
                f"$SEGSWEEP_PSEUDONYMS: a secret of at least {SHORTEST_TOKEN} characters, this one has "
                f"{len(self.pseudonyms)}"
            )
        if self.mlflow is not None and not re.match(r"https?://", self.mlflow):
            raise InputError(f"--mlflow: an address that starts with http:// or https://, got {self.mlflow!r}")
        if self.cluster is not None and not is_distant(self.cluster):
            raise InputError(f"--address: the cluster's Jobs API, such as http://HOST:8265, got {self.cluster!r}")
        if relative := [root for root in self.data_roots if not root.startswith(("/", "s3://"))]:
            raise InputError(f"--data-root: a folder's whole path or s3://bucket/prefix, got {relative[0]!r}")
        if not self.guarded and not is_loopback(self.host):
            raise InputError(
                f"--host {self.host}: others can reach this address, so tokens are needed: "
                "$SEGSWEEP_TOKENS holds some, $SEGSWEEP_TOKENS_FILE names a file with one a line"
            )

    @property
    def view(self) -> str:
        """Tells results with names from those with pseudonyms of one secret or another; empty with names."""
        return "" if self.pseudonyms is None else hashlib.sha256(self.pseudonyms.encode()).hexdigest()[:16]

    @property
    def guarded(self) -> bool:
        """Whether a token is asked for."""
        return bool(self.fixed_tokens) or self.tokens is not None


def pseudonyms_from_environment(environment: Mapping[str, str] = os.environ) -> str | None:
    """$SEGSWEEP_PSEUDONYMS."""
    return environment.get("SEGSWEEP_PSEUDONYMS") or None


def tokens_from_environment(environment: Mapping[str, str] = os.environ) -> tuple[Path | None, tuple[str, ...]]:
    """$SEGSWEEP_TOKENS_FILE, and the tokens in $SEGSWEEP_TOKENS, apart by commas or blanks."""
    file = environment.get("SEGSWEEP_TOKENS_FILE")
    fixed = re.split(r"[\s,]+", environment.get("SEGSWEEP_TOKENS", "").strip())
    return Path(file) if file else None, tuple(token for token in fixed if token)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
