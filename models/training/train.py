"""Train within a wall-clock budget, resumable after every (short) epoch."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch.optim.lr_scheduler import LambdaLR
from ultralytics.data.build import InfiniteDataLoader, seed_worker
from ultralytics.models.yolo.detect import DetectionTrainer
from ultralytics.utils import LOGGER
from ultralytics.utils.torch_utils import strip_optimizer, unwrap_model

from models.training.config import TrainingConfig
from models.training.partial_labels import BalancedSampler, PartialLabelDataset, PartialLabelLoss
from models.training.pool import LABELS, Pool, sampling_weights
from models.training.restore import pick_images, restore, write_checkpoint
from models.training.schedule import Budget, cosine

NORMALISATION_IMAGES = 200  # enough for the statistics of a released model's normalisations


class PartialLabelTrainer(DetectionTrainer):
    """Ultralytics' trainer with partial labels, balanced sources and a learning rate that follows the clock."""

    def __init__(self, config: TrainingConfig, overrides: dict[str, Any]) -> None:
        """Prepare the run that `config` describes; `overrides` are ultralytics' arguments."""
        self.config = config
        self.pool = Pool.read(config.pool)
        self.bf16 = config.bf16 and has_fast_bf16()
        if config.bf16 and not self.bf16:
            LOGGER.info("this machine has no fast bfloat16: training in 32 bits")
        self.budget = Budget(config.hours * 3600, spent_s=_read_clock(config.run))
        super().__init__(overrides=overrides)
        self.add_callback("on_train_start", _start_clock)
        self.add_callback("on_model_save", _write_clock)

    def build_dataset(
        self, img_path: str, mode: str = "train", batch: int | None = None
    ) -> PartialLabelDataset:
        """Return the dataset of one split; only training images are kept in memory."""
        training = mode == "train"
        return PartialLabelDataset(
            pool=self.pool,
            img_path=img_path,
            imgsz=self.args.imgsz,
            batch_size=batch,
            augment=training,
            hyp=self.args,
            rect=not training,
            cache="ram" if training else None,
            stride=32,
            pad=0.0 if training else 0.5,
            data=self.data,
        )

    def get_dataloader(
        self, dataset_path: str, batch_size: int = 16, rank: int = 0, mode: str = "train"
    ) -> Any:
        """Return the balanced loader for training, ultralytics' own for validation."""
        if mode != "train":
            return super().get_dataloader(dataset_path, batch_size, rank, mode)
        dataset = self.build_dataset(dataset_path, mode, batch_size)
        weights = sampling_weights(dataset.sources(), self.config.weight_by_source)
        self.sampler = BalancedSampler(weights, self.config.epoch_images, self.config.seed)
        return InfiniteDataLoader(
            dataset,
            batch_size=batch_size,
            sampler=self.sampler,
            num_workers=self.config.loader_processes,
            collate_fn=dataset.collate_fn,
            worker_init_fn=seed_worker,
            generator=torch.Generator().manual_seed(self.config.seed),
        )

    def set_model_attributes(self) -> None:
        """Also lay the weights out channels-last, which bfloat16 convolutions on a CPU are fast with."""
        super().set_model_attributes()
        if self.bf16:
            self.model.to(memory_format=torch.channels_last)

    def preprocess_batch(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Also lay the images out channels-last."""
        batch = super().preprocess_batch(batch)
        if self.bf16:
            batch["img"] = batch["img"].contiguous(memory_format=torch.channels_last)
        return batch

    def _setup_train(self) -> None:
        """Also put the masked loss in place and let a resumed sampler go on where it stopped."""
        super()._setup_train()
        model = unwrap_model(self.model)
        model.criterion = PartialLabelLoss(model, self.pool)
        if self.bf16:
            model.predict = _in_bf16(model.predict, self.device.type)
        self.sampler.epoch = self.start_epoch
        if self.device.type == "cpu":
            torch.set_num_threads(self.config.threads)  # ultralytics leaves a core idle

    def _setup_scheduler(self) -> None:
        """Let the learning rate follow the clock, and guess the number of epochs from its pace.

        Ultralytics calls this after every epoch of a timed run; the machine may be shared, so its own guess,
        which assumes an even pace, would end the schedule early or late.
        """
        done = getattr(self, "epoch", -1) + 1
        progress = self.budget.progress()
        if self.config.epochs is None and done > self.start_epoch and progress > 0:
            self.epochs = self.args.epochs = max(done, math.ceil(done / progress))
        self.lf = lambda epoch: cosine(self._progress(epoch), self.args.lrf)
        self.scheduler = LambdaLR(self.optimizer, lr_lambda=self.lf)

    def _progress(self, epoch: int) -> float:
        """Return how much of the run is done, 0-1: by epochs where their number is set, else by the clock."""
        if self.config.epochs is None:
            return self.budget.progress()
        return min(epoch / self.config.epochs, 1.0)

    def final_eval(self) -> None:
        """Keep the weights only; `python -m models.training evaluate` measures them."""
        for checkpoint in (self.last, self.best):
            if checkpoint.exists():
                strip_optimizer(checkpoint)


def has_fast_bf16() -> bool:
    """Tell whether bfloat16 is computed and not emulated here; emulated it is ten times slower than 32 bits."""
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    # No public function of PyTorch tells it of a CPU.
    ask = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return bool(ask is not None and ask())


def _in_bf16(predict: Callable[..., Any], device: str) -> Callable[..., Any]:
    """Return the forward pass in bfloat16 autocast; loss and optimiser stay in 32 bits."""

    def autocast(*args: Any, **kwargs: Any) -> Any:
        with torch.autocast(device, torch.bfloat16):
            return predict(*args, **kwargs)

    return autocast


def _clock_file(run: Path) -> Path:
    return run / "clock.json"


def _read_clock(run: Path) -> float:
    """Return the seconds that earlier parts of the run have used."""
    file = _clock_file(run)
    return float(json.loads(file.read_text())["spent_s"]) if file.exists() else 0.0


def _start_clock(trainer: PartialLabelTrainer) -> None:
    trainer.budget.start()
    # ultralytics stops when time.time() - train_time_start exceeds the budget: earlier parts count
    trainer.train_time_start = time.time() - trainer.budget.spent_s
    LOGGER.info(f"{trainer.budget.spent_s:.0f} s of {trainer.budget.total_s:.0f} s are spent")


def _write_clock(trainer: PartialLabelTrainer) -> None:
    spent = {"spent_s": round(trainer.budget.elapsed_s()), "epochs": trainer.epoch + 1}
    _clock_file(trainer.config.run).write_text(json.dumps(spent))


def _data_file(config: TrainingConfig) -> Path:
    """Write the data description that ultralytics asks for."""
    import yaml

    file = config.run / "data.yaml"
    table = {
        "path": str(config.pool),
        "train": "train.txt",
        "val": "val.txt",
        "names": dict(enumerate(LABELS)),
    }
    file.write_text(yaml.safe_dump(table))
    return file


def _first_weights(config: TrainingConfig) -> Path:
    """Return the checkpoint to start from; a released ONNX file becomes one first."""
    start = config.init_weights
    if start.suffix != ".onnx":
        return start
    target = config.run / "restored.pt"
    if not target.exists():
        files = Pool.read(config.pool).files("train")
        images = pick_images(files, NORMALISATION_IMAGES, config.seed)
        write_checkpoint(restore(start, config.architecture, images), target)
    return target


def train(config: TrainingConfig) -> Path:
    """Train, or go on with an interrupted run, and return the last checkpoint."""
    config.run.mkdir(parents=True, exist_ok=True)
    last = config.run / "train" / "weights" / "last.pt"
    clock = _clock_file(config.run)
    if last.exists() and not clock.exists():
        raise FileExistsError(f"{last} is of a run without {clock.name}: move it away")
    overrides = {
        "data": str(_data_file(config)),
        "project": str(config.run),
        "name": "train",
        "exist_ok": True,
        "device": "cpu" if not torch.cuda.is_available() else "0",
        "time": None if config.epochs else config.hours,
        "epochs": config.epochs or 100,  # by hours: a first guess that the clock corrects
        "patience": 10_000,
        "seed": config.seed,
        "deterministic": False,
        "amp": False,  # ultralytics refuses bfloat16 on a CPU: `_in_bf16` does it
        "plots": False,
        "val": False,
        **config.ultralytics,
    }
    if last.exists():
        overrides |= {"model": str(last), "resume": str(last)}
    else:
        overrides["model"] = str(_first_weights(config))
    trainer = PartialLabelTrainer(config, overrides)
    trainer.train()
    return last
