"""Addresses of Ray clusters."""

from typing import TypeGuard


def is_distant(address: str | None) -> TypeGuard[str]:
    """Whether an address is that of a cluster's Jobs API rather than of Ray itself."""
    return address is not None and address.startswith(("http://", "https://"))
