"""Learn from sources that label different things.

A class that an image's source does not label is unknown there: its boxes, if any, are positives, and nothing is
learnt from the rest of the image about that class. A mosaic combines only images with the same knowledge.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.utils.data import Sampler
from ultralytics.data.augment import Compose, Mosaic
from ultralytics.data.dataset import YOLODataset
from ultralytics.utils.loss import v8DetectionLoss

from models.training.pool import Pool, draw_epoch, groups_by_knowledge, unknown_mask

MIN_MOSAIC_GROUP = 4  # fewer images would repeat within one mosaic


class KnownBCE(nn.Module):
    """Binary cross-entropy that is zero where a class is unknown and no box claims it."""

    def __init__(self) -> None:
        """Start with everything known."""
        super().__init__()
        self.unknown: torch.Tensor | None = None  # bool [batch, 1, classes]
        self._bce = nn.BCEWithLogitsLoss(reduction="none")

    def forward(self, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return the loss per anchor and class; `logits` and `targets` are `[batch, anchors, classes]`."""
        loss: torch.Tensor = self._bce(logits, targets)
        if self.unknown is None:
            return loss
        return loss.masked_fill(self.unknown & (targets == 0), 0.0)


class PartialLabelLoss(v8DetectionLoss):
    """Ultralytics' detection loss, silent about what an image's source does not label."""

    def __init__(self, model: nn.Module, pool: Pool) -> None:
        """Look sources up in `pool`."""
        super().__init__(model)
        self._pool = pool
        self.bce = KnownBCE()

    def loss(
        self, preds: dict[str, Any], batch: dict[str, Any]
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Return box, class and distribution losses, in 32 bits whatever the model computed in."""
        mask = unknown_mask([self._pool[file].knowledge for file in batch["im_file"]])
        self.bce.unknown = torch.from_numpy(mask)[:, None].to(self.device)
        full = {key: preds[key].float() for key in ("boxes", "scores")}
        with torch.autocast(self.device.type, enabled=False):
            result: tuple[torch.Tensor, dict[str, torch.Tensor]] = super().loss(
                {**preds, **full}, batch
            )
        return result


class SameKnowledgeMosaic(Mosaic):
    """Mosaic of images whose sources leave the same classes unknown."""

    def __init__(self, dataset: PartialLabelDataset, imgsz: int, p: float) -> None:
        """Combine images of `dataset`, with chance `p`."""
        super().__init__(dataset, imgsz=imgsz, p=p)
        self._members: list[int] = []

    def __call__(self, labels: dict[str, Any]) -> dict[str, Any]:
        """Return the mosaic around one image, or that image where too few others share its knowledge."""
        self._members = self.dataset.companions(labels["im_file"])
        if len(self._members) < MIN_MOSAIC_GROUP:
            return labels
        mixed: dict[str, Any] = super().__call__(labels)
        return mixed

    def get_indexes(self) -> list[int]:
        """Return the other images of the mosaic."""
        return random.choices(self._members, k=self.n - 1)  # noqa: S311 - augmentation


class PartialLabelDataset(YOLODataset):
    """Ultralytics' dataset with mosaics of same knowledge only."""

    def __init__(self, *args: Any, pool: Pool, **kwargs: Any) -> None:
        """Look sources up in `pool`."""
        self._pool = pool
        self._groups: dict[str, list[int]] = {}
        super().__init__(*args, **kwargs)

    def companions(self, image_file: str) -> list[int]:
        """Return the indices of the images with the same knowledge as `image_file`."""
        if not self._groups:
            self._groups = groups_by_knowledge([self._pool[f].knowledge for f in self.im_files])
        return self._groups[self._pool[image_file].knowledge]

    def build_transforms(self, hyp: Any) -> Compose:
        """Return ultralytics' transforms with its mosaic replaced."""
        transforms = super().build_transforms(hyp)
        if self.augment:
            first = transforms.transforms[0].transforms
            if not isinstance(first[0], Mosaic):
                raise TypeError(f"expected a Mosaic first, found {type(first[0]).__name__}")
            first[0] = SameKnowledgeMosaic(self, imgsz=self.imgsz, p=first[0].p)
        return transforms

    def sources(self) -> list[str]:
        """Return the source of each image."""
        return [self._pool[Path(f)].source for f in self.im_files]


class BalancedSampler(Sampler[int]):
    """Draws each epoch anew from weighted sources; epoch n of a resumed run draws what it would have drawn."""

    def __init__(self, weights: NDArray[np.float64], size: int, seed: int, epoch: int = 0) -> None:
        """Draw `size` images an epoch, starting with number `epoch`."""
        self._weights, self._size, self._seed, self.epoch = weights, size, seed, epoch

    def __iter__(self) -> Iterator[int]:
        """Yield the indices of the next epoch."""
        drawn = draw_epoch(self._weights, self._size, self._seed * 100_003 + self.epoch)
        self.epoch += 1
        return iter(drawn.tolist())

    def __len__(self) -> int:
        """Return the images an epoch."""
        return min(self._size, len(self._weights))
