-- The `{sequence}`th award of every participant, with its lot, fact and operation, as an award of the engine leaves
-- them. Fed with what the entry before left in bench_chain; see bench/history.py. The text that is hashed is that of
-- gamify/ledger/chain.py, and verify_ledger sees to it that it stays so.
WITH made AS MATERIALIZED (
    SELECT c.participant_id, c.external_id, c.hash AS previous, uuidv7() AS id, gen_random_uuid() AS operation_id
      FROM bench_chain c WHERE c.sequence = {sequence} - 1 AND c.part = {part}
), hashed AS MATERIALIZED (
    SELECT made.*,
           sha256(previous || convert_to(
               '["' || replace(participant_id::text, '-', '') || '","{system_hex}",{sequence},"'
               || replace(id::text, '-', '') || '","award",{amount},{balance},"Purchase completed",null,null,"'
               || replace(operation_id::text, '-', '') || '",null,null,null,{moment_microseconds},{expiry_microseconds}]', 'UTF8')) AS hash
      FROM made
), entry AS (
    INSERT INTO gamify_entry (participant_id, points_system_id, sequence, id, kind, amount, balance_after, reason,
                              operation_id, created_at, expires_at, hash)
    SELECT participant_id, '{system}', {sequence}, id, 'award', {amount}, {balance}, 'Purchase completed',
           operation_id, '{moment}', '{expires_at}', hash
      FROM hashed
), lot AS (
    INSERT INTO gamify_lot (participant_id, points_system_id, sequence, amount, remaining, expires_at)
    SELECT participant_id, '{system}', {sequence}, {amount}, {amount}, '{expires_at}' FROM hashed
), fact AS (
    INSERT INTO gamify_fact (participant_id, id, tenant_id, type, data, created_at)
    SELECT participant_id, uuidv7(), '{tenant}', 'points.awarded',
           json_build_object('participant_id', external_id, 'transaction_id', id, 'points_system_id', '{system}',
                             'amount', {amount}, 'balance_after', {balance}, 'reason', 'Purchase completed')::text,
           '{moment}'
      FROM hashed
), operation AS (
    INSERT INTO gamify_operation (id, tenant_id, key, input_hash, outcome, created_at)
    SELECT operation_id, '{tenant}', 'history-' || external_id || '-{sequence}', sha256(operation_id::text::bytea),
           json_build_object('transaction_id', id, 'participant', external_id, 'amount', {amount},
                             'new_balance', {balance}, 'created_at', '{moment}', 'tier_upgrade', NULL,
                             'badges_unlocked', json_build_array())::text,
           '{moment}'
      FROM hashed
)
INSERT INTO bench_chain (part, sequence, participant_id, external_id, hash)
SELECT {part}, {sequence}, participant_id, external_id, hash FROM hashed;
