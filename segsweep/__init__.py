"""segsweep: loss sweeps for medical image segmentation."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from segsweep.api import estimate, keep, launch, plan, predict, report, tables
    from segsweep.orchestration.home import Home

__version__ = "0.1.0"
__all__ = ["Home", "estimate", "keep", "launch", "plan", "predict", "report", "tables"]


def __getattr__(name: str) -> Any:
    """Load the verbs when they are first asked for: `import segsweep.losses` must not pay for them."""
    if name == "Home":
        from segsweep.orchestration.home import Home  # noqa: PLC0415

        return Home
    if name in __all__:
        from segsweep import api  # noqa: PLC0415

        return getattr(api, name)
    raise AttributeError(f"module 'segsweep' has no attribute {name!r}")
