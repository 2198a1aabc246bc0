"""Let torchvision import beside a CPU-only torch.

The CUDA build of torchvision cannot load its C extension there, and its import then fails for want of the operator
`torchvision::nms`. Importing this module declares the operator and writes it in PyTorch.
"""

from __future__ import annotations

import torch


def nms(boxes: torch.Tensor, scores: torch.Tensor, iou_threshold: float) -> torch.Tensor:
    """Return the indices of the `xyxy` boxes `[n, 4]` to keep, best first."""
    order = scores.argsort(descending=True)
    sorted_boxes = boxes[order]
    areas = (sorted_boxes[:, 2:] - sorted_boxes[:, :2]).clamp(min=0).prod(1)
    alive = torch.ones(len(order), dtype=torch.bool)
    kept = []
    for i in range(len(order)):
        if not alive[i]:
            continue
        kept.append(i)
        low = torch.maximum(sorted_boxes[i, :2], sorted_boxes[i + 1 :, :2])
        high = torch.minimum(sorted_boxes[i, 2:], sorted_boxes[i + 1 :, 2:])
        shared = (high - low).clamp(min=0).prod(1)
        ious = shared / (areas[i] + areas[i + 1 :] - shared + 1e-9)
        alive[i + 1 :] &= ious <= iou_threshold
    return order[torch.tensor(kept, dtype=torch.long)]


def install() -> None:
    """Declare the operators that torchvision's import needs; once a process."""
    library = torch.library.Library("torchvision", "DEF")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.impl("nms", nms, "CPU")
    _KEPT_ALIVE.append(library)
    from torchvision import extension

    extension._has_ops = lambda: True  # noqa: SLF001 - torchvision.ops.nms refuses to run without its C part


_KEPT_ALIVE: list[torch.library.Library] = []  # a collected library takes its operators with it
