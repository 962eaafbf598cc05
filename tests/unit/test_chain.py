"""The chain: any change of any field, and any removal, swap or insertion, breaks it at that place."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from gamify.ledger.chain import GENESIS, account_text, entry_hash, microseconds, moment

KINDS = ["award", "deduct", "expire"]

texts = st.none() | st.text(max_size=8)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "participant_id": st.uuids(),
    "points_system_id": st.uuids(),
    "sequence": st.integers(1, 2**63 - 1),
    "id": st.uuids(),
    "kind": st.sampled_from(KINDS),
    "amount": st.integers(-(2**63), 2**63 - 1),
    "balance_after": st.integers(0, 2**63 - 1),
    "reason": texts,
    "metadata": texts,
    "explanation": texts,
    "operation_id": st.none() | st.uuids(),
    "engagement_id": st.none() | st.uuids(),
    "activity_id": texts,
    "transaction_type": texts,
    "created_at": moments,
    "expires_at": st.none() | moments,
}
contents = st.fixed_dictionaries(FIELDS)


@dataclass(frozen=True)
class Link:
    content: dict[str, Any]
    hash: bytes


def chained(entries: list[dict[str, Any]]) -> list[Link]:
    links: list[Link] = []
    for content in entries:
        links.append(Link(content, hash_of(links[-1].hash if links else GENESIS, **content)))
    return links


def first_broken(links: list[Link]) -> int | None:
    previous = GENESIS
    for place, link in enumerate(links):
        if hash_of(previous, **link.content) != link.hash:
            return place
        previous = link.hash
    return None


@given(entries=st.lists(contents, max_size=6))
def test_an_untouched_chain_verifies(entries: list[dict[str, Any]]) -> None:
    links = chained(entries)
    assert first_broken(links) is None
    assert all(len(link.hash) == 32 for link in links)


def hash_of(previous: bytes, *, participant_id: UUID, points_system_id: UUID, **content: Any) -> bytes:
    for name in ("id", "operation_id", "engagement_id"):
        content[name] = content[name] and content[name].bytes
    for name in ("created_at", "expires_at"):
        content[name] = content[name] and microseconds(content[name])
    return entry_hash(previous, account_text(participant_id.bytes, points_system_id.bytes), **content)


@given(entries=st.lists(contents, min_size=1, max_size=5), data=st.data())
@settings(max_examples=300)
def test_a_change_of_any_one_field_breaks_it_there(entries: list[dict[str, Any]], data: st.DataObject) -> None:
    links = chained(entries)
    place = data.draw(st.integers(0, len(links) - 1))
    field = data.draw(st.sampled_from(sorted(FIELDS)))
    old = links[place].content[field]
    new = data.draw(FIELDS[field].filter(lambda value: value != old))
    links[place] = replace(links[place], content={**links[place].content, field: new})
    assert first_broken(links) == place


@given(entries=st.lists(contents, min_size=2, max_size=5, unique_by=lambda entry: entry["id"]), data=st.data())
def test_a_removal_a_swap_or_an_insertion_breaks_it_there(entries: list[dict[str, Any]], data: st.DataObject) -> None:
    links = chained(entries)
    place = data.draw(st.integers(0, len(links) - 2))
    removed = links[:place] + links[place + 1 :]
    swapped = [*links[:place], links[place + 1], links[place], *links[place + 2 :]]
    repeated = [*links[: place + 1], *links[place:]]
    assert first_broken(removed) == place
    assert first_broken(swapped) == place
    assert first_broken(repeated) == place + 1


@given(entries=st.lists(contents, min_size=1, max_size=5), amount=st.integers(1, 1000))
def test_a_forger_who_recomputes_one_hash_breaks_the_next(entries: list[dict[str, Any]], amount: int) -> None:
    links = chained([*entries, entries[0]])
    forged = {**links[-2].content, "amount": links[-2].content["amount"] + amount}
    previous = links[-3].hash if len(links) > 2 else GENESIS
    links[-2] = Link(forged, hash_of(previous, **forged))
    assert first_broken(links) == len(links) - 1


@given(content=contents, one=st.text(max_size=6), other=st.text(max_size=6))
def test_neighbouring_texts_cannot_be_shifted_into_each_other(content: dict[str, Any], one: str, other: str) -> None:
    whole = {**content, "reason": one + other, "metadata": ""}
    split = {**content, "reason": one, "metadata": other}
    assert (hash_of(GENESIS, **whole) == hash_of(GENESIS, **split)) is (other == "")
    absent = {**content, "reason": None, "metadata": ""}
    assert hash_of(GENESIS, **absent) != hash_of(GENESIS, **{**absent, "reason": ""})


@given(at=moments)
def test_a_moment_is_its_microseconds(at: datetime) -> None:
    assert moment(microseconds(at)) == at
    assert microseconds(at.astimezone(timezone(timedelta(hours=-5)))) == microseconds(at)


def test_the_hash_of_a_known_entry_never_changes() -> None:
    """Old ledgers are verified by new code: whoever changes this breaks every one there is."""
    known = hash_of(
        GENESIS,
        participant_id=UUID(int=1),
        points_system_id=UUID(int=2),
        sequence=1,
        id=UUID(int=3),
        kind="award",
        amount=100,
        balance_after=100,
        reason="Zoë 🎈",
        metadata='{"order_id": "ord_abc"}',
        explanation=None,
        operation_id=UUID(int=4),
        engagement_id=UUID(int=5),
        activity_id="quiz_1",
        transaction_type="bonus",
        created_at=datetime(2026, 2, 14, 10, 0, 0, 123456, tzinfo=UTC),
        expires_at=datetime(2027, 1, 1, tzinfo=UTC),
    )
    assert known.hex() == "8167a4e1d85d6e784c5e5ef5e52d57354cbcd5c3731b67dc0ccfe063542d17ed"
