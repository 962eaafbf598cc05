"""Soak a server of its own with random calls of several clients, and prove the ledger afterwards.

python bench/soak.py --operations 50000
"""

import argparse
import secrets
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.live.server import server_on_its_own_postgresql
from tests.live.soak import soak


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--operations", type=int, default=50_000)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seed", type=int, default=secrets.randbits(32), help="repeats the calls of an earlier run")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    with server_on_its_own_postgresql() as server:
        report = soak(server, slug="soak", operations=options.operations, clients=options.clients, seed=options.seed)
    print(f"{report.operations} operations in {report.seconds:.1f} s, {report.per_second:.0f} a second")
    print(", ".join(f"p{share * 100:g} {report.percentile(share):.1f} ms" for share in (0.5, 0.95, 0.99, 1)))
    for (kind, answer), times in sorted(report.answers.items()):
        print(f"  {kind:<15} {answer:<32} {times:>7}")
    proof = report.proof
    assert proof
    print(f"{proof.points_earned} points earned, {proof.points_spent} spent, {proof.points_expired} expired")
    print(f"{proof.entries} entries, {proof.expiries} of them expiries")
    print(proof.verified)


if __name__ == "__main__":
    main()
