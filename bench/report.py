"""What was measured, as bench/results.json, as tables, and in the README, which repeats it to the letter.

python -m bench.report      prints the tables and fills the README anew
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from bricqs.env import PROJECT_DIR

RESULTS = Path(__file__).with_name("results.json")
README = PROJECT_DIR / "README.md"
BEGIN, END = "<!-- speed: filled by python -m bench.report -->\n", "<!-- /speed -->\n"


def main() -> None:
    print("\n".join(tables(load())))
    fill_readme()


def load() -> dict[str, Any]:
    """Results by section: speed, large, memory; those that were measured."""
    results: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    return results


def save(section: str, result: dict[str, Any]) -> None:
    """Put `result` in the place of what was measured last; the other sections stay. The README follows."""
    RESULTS.write_text(json.dumps(load() | {section: result}, indent=2, ensure_ascii=False) + "\n")
    print("\n".join(tables({section: result})))
    fill_readme()


def fill_readme() -> None:
    before, _, rest = README.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    README.write_text(before + BEGIN + filled(load()) + END + after)


def filled(results: dict[str, Any]) -> str:
    """What stands between the marks in the README."""
    return "\n" + "\n".join(tables(results)) + "\n\n"


def tables(results: dict[str, Any]) -> Iterator[str]:
    """In Markdown, line by line."""
    if speed := results.get("speed"):
        yield _circumstances(speed["machine"])
        yield ""
        yield from _rates(speed["rows"].values())
    targets = [target for result in results.values() for target in result["targets"]]
    yield ""
    yield from _table(["target", "wanted", "measured", ""], map(_verdict, targets))
    for section, result in results.items():
        for note in result["notes"]:
            yield ""
            yield f"{section.capitalize()}: {note}"


def _circumstances(machine: dict[str, Any]) -> str:
    return (
        f"{machine['processor']}, {machine['cores']} cores, which {machine['workers']} workers, PostgreSQL"
        f" {machine['postgresql']} with fsync on and the load generator share; Python {machine['python']};"
        f" {machine['measured_at'][:10]}, load {machine['load_before']} before."
    )


def _rates(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    lines = (
        [row["title"], f"{row['per_second']:,.0f}", *(_milliseconds(row.get(name)) for name in ("p50_ms", "p99_ms"))]
        for row in rows
    )
    return _table(["", "a second", "p50, ms", "p99, ms"], lines)


def _milliseconds(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def _verdict(target: dict[str, Any]) -> list[str]:
    if "most" in target:
        wanted = f"< {target['most']}"
    else:
        wanted = f"≥ {target['least']}" + (f", aim {target['aim']}" if target["aim"] else "")
    return [target["name"], wanted, f"{target['value']:g}", "met" if target["met"] else "**missed**"]


def _table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> Iterator[str]:
    """All but the first column to the right, and padded, so that it can be read as it is."""
    cells = [list(head), *map(list, lines)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(head))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    for line in (cells[0], rule, *cells[1:]):
        first = line[0].ljust(widths[0])
        yield "| " + " | ".join([first, *map(str.rjust, line[1:], widths[1:])]) + " |"


if __name__ == "__main__":
    main()
