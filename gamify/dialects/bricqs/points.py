"""Bricqs points API: award, deduct, award-batch, balance, transactions."""

import json
from typing import Any

from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response

from gamify.dialects.bricqs import _points_docs as docs
from gamify.dialects.bricqs._base import REPLAYED_HEADER, BricqsViewSet, one_key, path_participant
from gamify.dialects.bricqs.serializers import (
    AwardInput,
    BalanceOutput,
    BatchInput,
    BatchItemInput,
    DeductInput,
    ExpiringInput,
    PointsOutput,
    SystemInput,
    TransactionsInput,
    instant,
)
from gamify.errors import DomainError
from gamify.http.errors import invalid_input
from gamify.queries import points as reads
from gamify.services import points
from gamify.services.idempotency import IdempotencyKey
from gamify.services.points import Award, Deduct, Result, Wallet


class PointsViewSet(BricqsViewSet):
    confirming_actions = frozenset({"award", "deduct"})

    @docs.award
    def award(self, request: Request) -> Response:
        header = self.header_key()
        body = self.read(AwardInput, request.data)
        key = one_key(header, body.get("idempotency_key"))
        item = Award(**_said(body), expires_at=body.get("expires_at"), key=key)
        return self.reply(points.award(tenant=self.tenant, item=item, now=self.now), PointsOutput)

    @docs.deduct
    def deduct(self, request: Request) -> Response:
        header = self.header_key()
        body = self.read(DeductInput, request.data)
        item = Deduct(**_said(body), key=one_key(header, body.get("idempotency_key")))
        return self.reply(points.deduct(tenant=self.tenant, item=item, now=self.now), PointsOutput)

    @docs.award_batch
    def award_batch(self, request: Request) -> Response:
        header = self.header_key()
        raw_items = self.read(BatchInput, request.data)["awards"]
        batch = points.award_batch(
            tenant=self.tenant,
            items=_batch_items(raw_items),
            key=None if header is None else IdempotencyKey(header),
            now=self.now,
        )
        results = [self._batch_line(raw, result) for raw, result in zip(raw_items, batch.results, strict=True)]
        failed = sum(line["error"] is not None for line in results)
        # The window shown is that of the participant with the least left.
        windows = [result.window for result in batch.results if result.window]
        self.window = min(windows, key=lambda window: window.remaining, default=None)
        body = {"processed": len(results) - failed, "failed": failed, "results": results}
        return Response(body, headers={REPLAYED_HEADER: "true"} if batch.replayed else None)

    def _batch_line(self, raw: Any, result: Result) -> dict[str, Any]:
        line: dict[str, Any] = {
            "participant_id": _given_participant(raw),
            "transaction_id": None,
            "new_balance": None,
            "error": None,
        }
        if result.outcome:
            line["transaction_id"] = result.outcome.transaction_id
            line["new_balance"] = result.outcome.new_balance
        elif result.error:
            refusal = self.refusal(result.error)
            line["error"] = f"{refusal.code}: {refusal.detail}"
        return line


class ParticipantPointsViewSet(BricqsViewSet):
    confirming_actions = frozenset({"balance", "transactions"})

    @docs.balance
    def balance(self, request: Request, participant_id: str) -> Response:
        participant = path_participant(participant_id)
        query = self.read(SystemInput, request.query_params.dict())
        system = reads.named_system(self.tenant, query.get("points_system"))
        balance = reads.balance(tenant=self.tenant, participant=participant, system=system, now=self.now)
        self.window = balance.window
        return Response(self.write(BalanceOutput, balance))

    @docs.transactions
    def transactions(self, request: Request, participant_id: str) -> Response:
        participant = path_participant(participant_id)
        query = self.read(TransactionsInput, request.query_params.dict())
        page, page_size = query["page"], query["page_size"]
        ledger = reads.transactions(
            tenant=self.tenant,
            participant=participant,
            system=reads.named_system(self.tenant, query.get("points_system")),
            offset=(page - 1) * page_size,
            limit=page_size,
            now=self.now,
        )
        self.window = ledger.window
        return Response(
            {
                "participant_id": participant,
                "transactions": [
                    {
                        "id": str(entry.id),
                        "amount": entry.amount,
                        "reason": entry.reason,
                        "transaction_type": entry.transaction_type or entry.kind,
                        "created_at": instant(entry.created_at),
                        "metadata": json.loads(entry.metadata) if entry.metadata else None,
                    }
                    for entry in ledger.entries
                ],
                "total": ledger.total,
                "page": page,
                "page_size": page_size,
            }
        )

    @docs.expiring
    def expiring(self, request: Request, participant_id: str) -> Response:
        participant = path_participant(participant_id)
        query = self.read(ExpiringInput, request.query_params.dict())
        within_days = query["within_days"]
        found = reads.expiring(
            tenant=self.tenant,
            participant=participant,
            system=reads.named_system(self.tenant, query.get("points_system")),
            within_days=within_days,
            now=self.now,
        )
        self.window = found.window
        return Response(
            {
                "participant_id": participant,
                "within_days": within_days,
                "total": found.total,
                "expiring": [
                    {"amount": each.amount, "expires_at": instant(each.expires_at)} for each in found.expiring
                ],
            }
        )


def _said(fields: dict[str, Any]) -> dict[str, Any]:
    """What awards, their batch form and deducts can all say."""
    return {
        "participant": fields["participant_id"],
        "amount": fields["amount"],
        "reason": fields.get("reason"),
        "metadata": fields.get("metadata"),
        "wallet": Wallet(fields.get("points_system"), fields.get("engagement_id")),
        "activity_id": fields.get("activity_id"),
        "transaction_type": fields.get("transaction_type"),
    }


def _given_participant(raw: Any) -> str | None:
    """The participant id of an item, sound or not, as far as an answer can repeat it."""
    given = raw.get("participant_id") if isinstance(raw, dict) else None
    if not isinstance(given, str):
        return None
    # A lone surrogate has no place in UTF-8: rendering it would fail, after the other items were awarded.
    return given.encode(errors="replace").decode()


def _batch_items(raw_items: list[Any]) -> list[Award | DomainError]:
    reader = BatchItemInput()

    def item(raw: Any) -> Award | DomainError:
        try:
            fields = reader.run_validation(raw)
        except exceptions.ValidationError as error:
            return invalid_input(error)
        key = fields.get("idempotency_key")
        return Award(**_said(fields), key=None if key is None else IdempotencyKey(key))

    return [item(raw) for raw in raw_items]
