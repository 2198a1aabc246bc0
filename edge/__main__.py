"""`anxun-edge` and `python -m edge`: starts the program, or says which extra is missing."""

MISSING = "anxun-edge needs more than the base install: pip install 'anxun[edge]' (missing: {})"
OWN = frozenset({"edge", "inspection", "models"})


def main() -> None:
    """Run the command line. Ends with a sentence where a package of the extra `edge` is not there."""
    try:
        from edge.cli import main as run
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] in OWN:
            raise
        raise SystemExit(MISSING.format(error.name)) from None
    run()


if __name__ == "__main__":
    main()
