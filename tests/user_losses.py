"""Losses of a user who makes mistakes."""

import os
import time

import torch


def raises(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    raise RuntimeError("shapes [B, C] and [/B] do not fit\nsee above")


def turns_nan(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return (logits * torch.nan).mean()


def no_memory(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    raise torch.OutOfMemoryError("the GPU is full")


def ends_the_process(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    os._exit(1)


def squared(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return (logits.sigmoid() - target).square().mean()


def sleeps(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    time.sleep(0.02)
    return logits.mean() ** 2
