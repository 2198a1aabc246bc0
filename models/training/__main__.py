"""`python -m models.training train|export|evaluate|quantise|ways|card|release --config FILE.toml`.

`evaluate` writes the card too; `card` rewrites it from the figures of the last evaluation; `quantise` writes the int8 twin of
the released model; `ways` measures each runtime, precision and input shape that this machine has; `release` does all that
follows `train`, in order (see `models.training.release`). Only `train` and `export` need torch and ultralytics.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from models.training.card import read_report, write_card
from models.training.config import TrainingConfig

DEFAULT_CONFIG = Path(__file__).parent / "anxun-nano.toml"
EXTRA = "training needs more than this environment has: pip install 'anxun[train]'"
COMMANDS = ("train", "export", "evaluate", "quantise", "ways", "card", "release")


def main() -> None:
    """Run one command of the training package."""
    args = _arguments()
    try:
        if args.command == "release":
            from models.training.release import release

            release(args.config, data=args.data, first=args.first, limit=args.limit)
        else:
            config = TrainingConfig.read(args.config)
            run(args.command, config.as_trial(args.limit) if args.limit else config)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] in {"models", "datasets"}:
            raise
        sys.exit(f"{EXTRA} (missing: {error.name}); see docs/models.md")


def _arguments() -> argparse.Namespace:
    from models.training.release import STEPS

    parser = argparse.ArgumentParser(
        prog="python -m models.training",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("--config", type=Path, default=DEFAULT_CONFIG)
    parser.add_argument(
        "--limit", type=int, help="try it on so many images of each split; writes to RUN/trial"
    )
    parser.add_argument(
        "--from", dest="first", choices=STEPS, default=STEPS[0], help="release: begin with it"
    )
    parser.add_argument(
        "--data", type=Path, help="release: where the sources for trying lie (false alarms)"
    )
    return parser.parse_args()


def run(command: str, config: TrainingConfig) -> None:
    """Run a command. What needs torch is imported only by what trains."""
    if command == "card":
        print(write_card(read_report(config), config))
    elif command == "evaluate":
        from models.training.evaluate import evaluate

        print(write_card(evaluate(config), config))
    elif command == "quantise":
        from models.training.quantise import quantise

        print(quantise(config))
    elif command == "ways":
        from models.training.ways import write_ways

        print(write_ways(config))
    else:
        from models.training import environment

        environment.prepare(config.run)
        if command == "train":
            from models.training.train import train

            print(train(config))
        else:
            from models.training.export import export

            print(export(config))


if __name__ == "__main__":
    main()
