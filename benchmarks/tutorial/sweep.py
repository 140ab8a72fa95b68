"""A loss sweep as the public tutorials put it together: Ray Tune, MLflowLoggerCallback and a MONAI CacheDataset loop.

Every trial is whole in itself, as in the tutorials: it decodes its images, trains its warm start with cross-entropy,
goes on with its loss, saves the weights whenever an epoch is the best (as MONAI's do) as a checkpoint of Tune, and
reports every epoch to Tune, which logs to MLflow, with the trial's files at its end (as Ray's example does).

    python benchmarks/tutorial/sweep.py DATA folds.json --settings 5 --storage FOLDER [--reuse-actors]

`FOLDER/results.json` holds the Dice of every trial. The baseline of benchmarks/sweep.py; nothing of segsweep is used.
"""

import argparse
import json
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import torch
from monai.data import CacheDataset, DataLoader
from monai.inferers import SimpleInferer
from monai.losses import DiceLoss
from monai.metrics import DiceMetric
from monai.networks.nets import UNet
from monai.transforms import (
    AsDiscrete,
    Compose,
    EnsureChannelFirstd,
    LoadImaged,
    NormalizeIntensityd,
    RandAffined,
    RandFlipd,
    RandGaussianNoised,
    Resized,
)
from monai.utils import set_determinism
from ray import tune
from ray.air.integrations.mlflow import MLflowLoggerCallback
from torch import nn

SIZE = (64, 64)
BATCH_SIZE = 8
KEYS = ("image", "label")

FIVE = [
    {"loss": "ce"},
    {"loss": "wce", "weight": 4.0},
    {"loss": "dice", "batch": False, "smooth": 1e-7},
    {"loss": "jaccard", "batch": False, "smooth": 1e-7},
    {"loss": "lovasz", "batch": False},
]
TWENTY = [
    {"loss": "ce"},
    *({"loss": "wce", "weight": weight} for weight in (2.0, 4.0, 8.0)),
    *(
        {"loss": loss, "batch": batch, "smooth": smooth}
        for loss, smooths in (("dice", (1e-7, 1.0, 10.0, 100.0)), ("jaccard", (1e-7, 1.0, 10.0)))
        for batch in (False, True)
        for smooth in smooths
    ),
    *({"loss": "lovasz", "batch": batch} for batch in (False, True)),
]


class LovaszHinge(nn.Module):
    """Lovász loss of sigmoid errors (Berman et al. 2018), per image or over the batch."""

    def __init__(self, batch: bool) -> None:
        super().__init__()
        self.batch = batch

    def forward(self, logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        rows = 1 if self.batch else len(logits)
        probability, true = logits.sigmoid().reshape(rows, -1), target.reshape(rows, -1)
        errors, order = (probability - true).abs().sort(dim=1, descending=True)
        found = true.gather(1, order)
        intersection = found.sum(1, keepdim=True) - found.cumsum(1)
        union = found.sum(1, keepdim=True) + (1 - found).cumsum(1)
        jaccard = 1 - intersection / union
        steps = torch.cat([jaccard[:, :1], jaccard[:, 1:] - jaccard[:, :-1]], dim=1)
        return (errors * steps).sum(1).mean()


def build_loss(setting: dict) -> nn.Module:
    if setting["loss"] == "ce":
        return nn.BCEWithLogitsLoss()
    if setting["loss"] == "wce":
        return nn.BCEWithLogitsLoss(pos_weight=torch.tensor(setting["weight"]))
    if setting["loss"] == "lovasz":
        return LovaszHinge(setting["batch"])
    return DiceLoss(
        sigmoid=True,
        jaccard=setting["loss"] == "jaccard",
        batch=setting["batch"],
        smooth_nr=setting["smooth"],
        smooth_dr=setting["smooth"],
    )


def fold_files(folder: Path, folds: Path, fold: int) -> tuple[list[dict], list[dict]]:
    """Training and validation files of a fold."""
    cases = json.loads(folds.read_text())[fold]
    train, val = ([_files(folder, case) for case in cases[split]] for split in ("train", "val"))
    return train, val


def _files(folder: Path, case: str) -> dict[str, str]:
    (image,) = (folder / "images").glob(f"{case}.*")
    return {"image": str(image), "label": str(folder / "masks" / f"{case}.png")}


def train(config: dict) -> None:
    set_determinism(config["seed"])
    decode = [
        LoadImaged(KEYS),
        EnsureChannelFirstd(KEYS),
        Resized(KEYS, SIZE, mode=("area", "nearest")),
        NormalizeIntensityd("image"),
    ]
    augment = [
        RandFlipd(KEYS, prob=0.5, spatial_axis=0),
        RandAffined(
            KEYS, prob=1, rotate_range=0.17, translate_range=6, mode=("bilinear", "nearest"), padding_mode="border"
        ),
        RandGaussianNoised("image", prob=1, std=0.1),
    ]
    train_files, val_files = fold_files(Path(config["data"]), Path(config["folds"]), config["fold"])
    train_data = CacheDataset(train_files, Compose([*decode, *augment]), num_workers=0, progress=False)
    val_data = CacheDataset(val_files, Compose(decode), num_workers=0, progress=False)
    train_loader = DataLoader(train_data, batch_size=BATCH_SIZE, shuffle=True, drop_last=True)
    val_loader = DataLoader(val_data, batch_size=BATCH_SIZE)

    network = UNet(2, 3, 1, channels=(16, 32, 64, 128), strides=(2, 2, 2), num_res_units=1)
    metric, inferer = DiceMetric(reduction="mean"), SimpleInferer()
    post = Compose([AsDiscrete(threshold=0.5)])
    for phase, loss, rate in (("warm", nn.BCEWithLogitsLoss(), 2e-3), ("loss", build_loss(config["setting"]), 1e-3)):
        optimizer = torch.optim.Adam(network.parameters(), rate)
        best, best_weights = -1.0, network.state_dict()
        for _ in range(config["epochs"]):
            network.train()
            total = 0.0
            for batch in train_loader:
                optimizer.zero_grad()
                value = loss(network(batch["image"]), batch["label"])
                value.backward()
                optimizer.step()
                total += value.item()
            network.eval()
            with torch.no_grad():
                for batch in val_loader:
                    predicted = post(inferer(batch["image"], network).sigmoid())
                    metric(y_pred=predicted, y=batch["label"])
            dice = metric.aggregate().item()
            metric.reset()
            checkpoint = None
            with ExitStack() as stack:
                if dice > best:
                    best = dice
                    best_weights = {name: value.clone() for name, value in network.state_dict().items()}
                    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
                    torch.save(best_weights, folder / "best_metric_model.pth")
                    checkpoint = tune.Checkpoint.from_directory(folder)
                metrics = {"phase": phase, "train_loss": total / len(train_loader), "dice": dice, "best_dice": best}
                tune.report(metrics, checkpoint=checkpoint)
        network.load_state_dict(best_weights)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder with images/ and masks/")
    parser.add_argument("folds", type=Path, help='JSON: [{"train": [case, ...], "val": [case, ...]}, ...]')
    parser.add_argument("--settings", type=int, choices=(5, 20), default=5)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--storage", type=Path, required=True)
    parser.add_argument("--reuse-actors", action="store_true")
    options = parser.parse_args()
    storage = options.storage.absolute()
    storage.mkdir(parents=True, exist_ok=True)
    tuner = tune.Tuner(
        tune.with_resources(train, {"cpu": 1}),
        param_space={
            "data": str(options.data.absolute()),
            "folds": str(options.folds.absolute()),
            "epochs": options.epochs,
            "seed": 0,
            "setting": tune.grid_search(FIVE if options.settings == len(FIVE) else TWENTY),
            "fold": tune.grid_search(list(range(len(json.loads(options.folds.read_text()))))),
        },
        tune_config=tune.TuneConfig(reuse_actors=options.reuse_actors),
        run_config=tune.RunConfig(
            name="losses",
            storage_path=str(storage),
            callbacks=[
                MLflowLoggerCallback(
                    tracking_uri=f"sqlite:///{storage}/mlflow.db", experiment_name="losses", save_artifact=True
                )
            ],
        ),
    )
    results = tuner.fit()
    if results.errors:
        sys.exit(f"{len(results.errors)} trials failed: {results.errors[0]}")
    rows = [
        {"fold": result.config["fold"], **result.config["setting"], "dice": result.metrics["best_dice"]}
        for result in results
    ]
    (storage / "results.json").write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
