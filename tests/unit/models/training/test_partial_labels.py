"""The masked loss learns nothing where a source says nothing. Needs the `train` extra."""

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("ultralytics")


def test_an_unknown_class_costs_nothing_unless_a_box_claims_it() -> None:
    """Unknown background is free, a labelled box of the unknown class still teaches."""
    from models.training.partial_labels import KnownBCE

    bce = KnownBCE()
    bce.unknown = torch.tensor([[[False, True]]])
    logits = torch.zeros(1, 2, 2)
    targets = torch.tensor([[[0.0, 0.0], [0.0, 1.0]]])

    loss = bce(logits, targets)

    assert (loss > 0).tolist() == [[[True, False], [True, True]]]
