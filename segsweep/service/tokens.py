"""Bearer tokens, and the cookies that stand for them in a browser."""

import hashlib
import hmac
import time
from collections.abc import Sequence
from pathlib import Path

from segsweep.errors import InputError
from segsweep.service.settings import SHORTEST_TOKEN

COOKIE = "segsweep"
COOKIE_SECONDS = 7 * 24 * 3600
MAY_LAUNCH = "launch-"
"""How a token begins that may do more than look. It says so itself, so that nobody hands out the wrong one."""
_PURPOSE = b"segsweep browser session "


class Tokens:
    """The tokens that are valid now. The file is read again when it changes: tokens rotate without a restart.

    Args:
        fixed: from the environment.
        file: one a line; empty lines and lines that begin with # are none.

    Raises:
        InputError: the file cannot be read, or holds a token that can be guessed.
    """

    def __init__(self, fixed: Sequence[str], file: Path | None) -> None:
        self._fixed = tuple(fixed)
        self._file = file
        self._seen: tuple[int, int] | None = None
        self._read: tuple[str, ...] = ()
        self._valid()

    def accepts(self, token: str) -> bool:
        """Whether a token is valid; takes as long for every wrong one."""
        given = hashlib.sha256(token.encode()).digest()
        # every token is compared, whichever matches
        matches = [hmac.compare_digest(given, hashlib.sha256(known.encode()).digest()) for known in self._valid()]
        return any(matches)

    def may_launch(self, token: str) -> bool:
        """Whether a token opens more than looking."""
        return self.accepts(token) and token.startswith(MAY_LAUNCH)

    def cookie(self, token: str) -> str:
        """What a browser keeps: an end and a proof of the token, from which the token cannot be found."""
        ends = str(int(time.time()) + COOKIE_SECONDS)
        return f"{ends}.{_proof(token, ends)}"

    def accepts_cookie(self, cookie: str) -> bool:
        """Whether a cookie has not ended and its token is still valid."""
        ends, _, proof = cookie.partition(".")
        matches = [hmac.compare_digest(proof.encode(), _proof(known, ends).encode()) for known in self._valid()]
        return any(matches) and ends.isdecimal() and int(ends) > time.time()

    def _valid(self) -> tuple[str, ...]:
        if self._file is None:
            return self._fixed
        try:
            status = self._file.stat()
            if (status.st_mtime_ns, status.st_size) != self._seen:
                self._read = _parse(self._file)
                self._seen = (status.st_mtime_ns, status.st_size)
        except OSError as error:
            if self._seen is None:
                raise InputError(f"{self._file}: tokens cannot be read: {error.strerror}") from error
            # while somebody replaces the file, the tokens read last are valid
        return (*self._fixed, *self._read)


def _parse(file: Path) -> tuple[str, ...]:
    lines = (line.strip() for line in file.read_text(encoding="utf-8").splitlines())
    found = tuple(line for line in lines if line and not line.startswith("#"))
    if not found or any(len(token) < SHORTEST_TOKEN for token in found):
        raise InputError(f"{file}: one token a line, each of at least {SHORTEST_TOKEN} characters")
    return found


def _proof(token: str, ends: str) -> str:
    return hmac.new(token.encode(), _PURPOSE + ends.encode(), hashlib.sha256).hexdigest()
