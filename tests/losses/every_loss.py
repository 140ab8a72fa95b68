"""Every loss that the catalogue names, built, for one and for several foreground labels."""

import torch
from torch import Tensor

from segsweep.losses import LabelStatistics, Loss, build_loss
from segsweep.spec.catalogue import ENTRIES, resolve

MORE = {
    "jaccard": [{"phi": "all", "epsilon": "mean_volume", "form": "semimetric"}],
    "dice": [{"phi": "batch", "denominator": "squared"}, {"phi": "class", "epsilon": 0}, {"classes": "present"}],
    "lovasz": [{"phi": "batch", "classes": "present", "background": True}],
}


def settings(channels: int) -> list[tuple[str, dict[str, object]]]:
    """Names and resolved arguments of all losses that suit a network of that many channels."""
    found = []
    for entry in ENTRIES:
        if (channels > 1 and entry.binary_only) or (channels == 1 and entry.multi_class_only):
            continue
        found += [(entry.name, arguments) for arguments in [{}, *MORE.get(entry.name, [])]]
    found.append(("dice+ce", {"mix": [1, 0.5]}))
    return [(name, resolve(name, arguments).arguments) for name, arguments in found]


CASES = [(channels, *setting) for channels in (1, 3) for setting in settings(channels)]
IDS = [f"{channels}-{name}-{index}" for index, (channels, name, _) in enumerate(CASES)]


def build(channels: int, name: str, arguments: dict[str, object]) -> Loss:
    labels = max(channels, 2)
    statistics = LabelStatistics((1 / labels,) * labels, (5.0,) * labels, (8.0,) * labels)
    return build_loss(name, arguments, labels=statistics)


def batch(
    channels: int, *, seed: int = 0, images: int = 2, dtype: torch.dtype = torch.float32
) -> tuple[Tensor, Tensor]:
    """Logits and hard labels of some 6 × 5 images."""
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(images, channels, 6, 5, generator=generator, dtype=torch.float64)
    labels = torch.randint(0, max(channels, 2), (images, 6, 5), generator=generator)
    one_hot = torch.nn.functional.one_hot(labels, max(channels, 2)).movedim(-1, 1)
    return logits.to(dtype), (one_hot if channels > 1 else one_hot[:, 1:]).to(dtype)
