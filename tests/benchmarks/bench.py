"""`make bench`: every measurement as ratios, in one run.

Machines are shared and noisy: read the ratios, not the milliseconds.
"""

import sys
from pathlib import Path

# Run by path: the repository is then not on the import path by itself.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.benchmarks.bench_api import bench_findings
from tests.benchmarks.bench_ledger import bench_ledger
from tests.benchmarks.bench_models import report
from tests.benchmarks.bench_reports import bench_fixed_hazards, bench_reports
from tests.benchmarks.bench_search import bench_search
from tests.benchmarks.bench_start import bench_start


def main() -> None:
    """Print each part under its heading, as it is measured."""
    sys.stdout.write("detection\n")
    for line in report():
        sys.stdout.write(f"  {line}\n")
        sys.stdout.flush()
    sys.stdout.write("a box of one camera\n")
    for line in bench_start():
        sys.stdout.write(f"  {line}\n")
    sys.stdout.flush()
    sys.stdout.write("findings through HTTP, beside bare inserts into the same database\n")
    sys.stdout.write(f"  {bench_findings()}\n")
    sys.stdout.flush()
    bench_ledger()
    sys.stdout.write("finding entries\n")
    for line in bench_search():
        sys.stdout.write(f"  {line}\n")
        sys.stdout.flush()
    sys.stdout.write("reports\n")
    sys.stdout.writelines(f"  {line}\n" for line in bench_reports(500, 50))
    sys.stdout.writelines(f"  {line}\n" for line in bench_fixed_hazards(50, 500))


if __name__ == "__main__":
    main()
