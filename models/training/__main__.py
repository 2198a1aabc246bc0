"""`python -m models.training train|export|evaluate|quantise|ways|card --config FILE.toml`.

`evaluate` writes the card too; `card` rewrites it from the figures of the last evaluation.
`quantise` writes the int8 twin of the released model; `ways` measures each runtime, precision and input shape that this machine has, and neither needs torch or ultralytics.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from models.training import environment
from models.training.card import read_report, write_card
from models.training.config import TrainingConfig

DEFAULT_CONFIG = Path(__file__).parent / "anxun-nano.toml"


def main() -> None:
    """Run one command of the training package."""
    parser = argparse.ArgumentParser(prog="python -m models.training", description=__doc__)
    parser.add_argument(
        "command", choices=["train", "export", "evaluate", "quantise", "ways", "card"]
    )
    parser.add_argument("--config", type=Path, default=DEFAULT_CONFIG)
    args = parser.parse_args()
    config = TrainingConfig.read(args.config)
    if args.command == "card":
        write_card(read_report(config.name), config.rule)
        return
    if args.command == "quantise":
        from models.training.quantise import quantise

        print(quantise(config))
        return
    if args.command == "ways":
        from models.training.ways import write_ways

        print(write_ways(config))
        return
    environment.prepare(config.run)
    if args.command == "train":
        from models.training.train import train

        train(config)
    elif args.command == "export":
        from models.training.export import export

        export(config)
    else:
        from models.training.evaluate import evaluate

        write_card(evaluate(config), config.rule)


if __name__ == "__main__":
    main()
