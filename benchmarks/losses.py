"""Forward + backward time and peak memory of our losses against MONAI's, and of Lovász against the per-image loop.

    python benchmarks/losses.py [--device cuda] [--repeats 10]

Times are medians of interleaved repeats in one process; memory is the peak of what one forward and backward pass
allocates on top of logits and labels, which exist before it. Ratios are ours / theirs for overlap losses and
loop / ours for Lovász. Prints a Markdown table.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from monai.losses import DiceLoss, GeneralizedDiceLoss, TverskyLoss
from torch import Tensor

from segsweep.losses import Dice, Jaccard, Lovasz, Tversky

SHAPES = ((4, 3, 96, 96, 96), (16, 2, 512, 512))
Step = Callable[[], object]


@dataclass(frozen=True)
class Pair:
    name: str
    ours: Callable[[Tensor, Tensor], Tensor]
    theirs: Callable[[Tensor, Tensor], Tensor]


def pairs() -> list[Pair]:
    common = {"include_background": False, "softmax": True}
    return [
        Pair("dice Φ=image | DiceLoss", Dice(), DiceLoss(**common)),
        Pair("dice Φ=batch | DiceLoss(batch)", Dice(phi="batch"), DiceLoss(**common, batch=True)),
        Pair("dice Φ=class | GeneralizedDiceLoss(uniform)", Dice(phi="class"), generalized(batch=False)),
        Pair("dice Φ=all | GeneralizedDiceLoss(uniform, batch)", Dice(phi="all"), generalized(batch=True)),
        Pair("jaccard Φ=image | DiceLoss(jaccard)", Jaccard(), DiceLoss(**common, jaccard=True)),
        Pair("tversky Φ=image | TverskyLoss", Tversky(0.3, 0.7), TverskyLoss(**common, alpha=0.3, beta=0.7)),
        Pair("dice squared | DiceLoss(squared)", Dice(denominator="squared"), DiceLoss(**common, squared_pred=True)),
        Pair("dice semimetric | DiceLoss(soft_label)", Dice(form="semimetric"), DiceLoss(**common, soft_label=True)),
        Pair("dice with background | DiceLoss", Dice(background=True), DiceLoss(softmax=True)),
    ]


def generalized(*, batch: bool) -> GeneralizedDiceLoss:
    return GeneralizedDiceLoss(include_background=False, softmax=True, w_type="uniform", batch=batch)


def lovasz_loop(logits: Tensor, target: Tensor) -> Tensor:
    """Lovász-softmax over foreground classes, image by image and class by class, as one would write it down."""
    errors = (target - logits.softmax(1)).abs()
    losses = []
    for image in range(logits.shape[0]):
        for label in range(1, logits.shape[1]):
            ordered, order = errors[image, label].flatten().sort(descending=True)
            found = target[image, label].flatten()[order]
            intersection = found.sum() - found.cumsum(0)
            union = found.sum() + (1 - found).cumsum(0)
            delta = 1 - intersection / union
            losses.append(ordered @ torch.cat([delta[:1], delta[1:] - delta[:-1]]))
    return torch.stack(losses).mean()


def batch(shape: tuple[int, ...], device: str) -> tuple[Tensor, Tensor]:
    """Random logits and one-hot labels; about 7 % of the voxels are foreground."""
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(shape, generator=generator)
    space = (shape[0], *shape[2:])
    chosen = torch.randint(1, shape[1], space, generator=generator)
    labels = torch.where(torch.randn(space, generator=generator) > 1.5, chosen, 0)
    one_hot = torch.nn.functional.one_hot(labels, shape[1]).movedim(-1, 1).float().contiguous()
    return logits.to(device).requires_grad_(), one_hot.to(device)


def step(loss: Callable[[Tensor, Tensor], Tensor], logits: Tensor, target: Tensor) -> Step:
    def run() -> None:
        torch.autograd.grad(loss(logits, target), logits)
        if logits.is_cuda:
            torch.cuda.synchronize()

    return run


def interleaved_medians(steps: tuple[Step, Step], repeats: int) -> tuple[float, float]:
    """Seconds of each step, the two taking turns; the order changes every repeat."""
    for run in steps:
        run()
    seconds: tuple[list[float], list[float]] = ([], [])
    for repeat in range(repeats):
        for index in (0, 1) if repeat % 2 else (1, 0):
            start = time.perf_counter()
            steps[index]()
            seconds[index].append(time.perf_counter() - start)
    return statistics.median(seconds[0]), statistics.median(seconds[1])


def peak_bytes(run: Step, device: str) -> int:
    """The most memory that was allocated at once during a step."""
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        run()
        return torch.cuda.max_memory_allocated() - before
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profile:
        run()
    held = peak = 0
    # the profiler's own summaries have totals per operator only; the running sum is in its raw events
    events = [event for event in profile.profiler.kineto_results.events() if event.name() == "[memory]"]
    for event in sorted(events, key=lambda each: each.start_ns()):
        held += event.nbytes()
        peak = max(peak, held)
    return peak


def row(pair: Pair, shape: tuple[int, ...], device: str, repeats: int, *, inverse: bool) -> str:
    logits, target = batch(shape, device)
    ours, theirs = step(pair.ours, logits, target), step(pair.theirs, logits, target)
    own, other = interleaved_medians((ours, theirs), repeats)
    own_bytes, other_bytes = peak_bytes(ours, device), peak_bytes(theirs, device)
    times = f"{other / own:.2f}× faster" if inverse else f"{own / other:.2f}×"
    return f"| {pair.name} | {shape} | {own * 1e3:.1f} | {other * 1e3:.1f} | {times} | {own_bytes / other_bytes:.2f}× |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--repeats", type=int, default=10)
    options = parser.parse_args()
    print("| ours and theirs | shape | ours, ms | theirs, ms | time | peak memory |")
    print("| --- | --- | --- | --- | --- | --- |")
    for shape in SHAPES:
        for pair in pairs():
            print(row(pair, shape, options.device, options.repeats, inverse=False), flush=True)
        loop = Pair("lovasz Φ=image | loop", Lovasz(), lovasz_loop)
        print(row(loop, shape, options.device, options.repeats, inverse=True), flush=True)


if __name__ == "__main__":
    main()
