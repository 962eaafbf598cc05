"""What the README says about speed is what was measured, to the letter."""

from bench import report


def test_readme_repeats_the_results() -> None:
    text = report.README.read_text()
    assert text.count(report.BEGIN) == text.count(report.END) == 1
    told = text.partition(report.BEGIN)[2].partition(report.END)[0]
    assert told == report.filled(report.load())


def test_every_result_was_proved() -> None:
    results = report.load()
    assert "speed" in results
    for section, result in results.items():
        assert result["proofs"], section
        for proof in result["proofs"]:
            assert proof["acknowledged"] <= proof["entries_made"] <= proof["acknowledged"] + proof["in_doubt"]
            assert proof["verified"].endswith(": 0 broken."), section
