"""The most memory that this process has used, on its device."""

import resource
from pathlib import Path

import torch

from segsweep.training.allocation import give_back_freed_memory

_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def forget_peak(device: torch.device) -> None:
    """Count from here; where a CPU's operating system cannot, from the start of the process."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    elif _RESET.exists():
        give_back_freed_memory()
        _RESET.write_text("5")


def peak_memory(device: torch.device) -> int:
    """Bytes: on a GPU what torch held of it, which other processes could not have; else the resident size."""
    if device.type == "cuda":
        return int(torch.cuda.max_memory_reserved(device))
    if _STATUS.exists():
        (peak,) = (line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(peak.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def total_memory(device: torch.device) -> int:
    """Bytes of a GPU; 0 of a CPU, whose memory is not shared out."""
    return int(torch.cuda.get_device_properties(device).total_memory) if device.type == "cuda" else 0
