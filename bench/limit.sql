-- The limit: the least that an award has to do, in one statement on tables of its own, without HTTP or Python. A key
-- that cannot be used twice, the participant's balance, an entry, and a lot. See bench/limit.py.
\set participant random(1, :participants)
\set amount random(1, 100)
WITH used AS (
    INSERT INTO bench_key (id, created_at) VALUES (gen_random_uuid(), now())
    ON CONFLICT (id) DO NOTHING RETURNING id
), credited AS (
    UPDATE bench_participant SET balance = balance + :amount, last_sequence = last_sequence + 1
     WHERE id = :participant AND EXISTS (SELECT FROM used)
    RETURNING id, balance, last_sequence
), entered AS (
    INSERT INTO bench_entry (participant_id, sequence, key_id, amount, balance_after, reason, created_at)
    SELECT credited.id, last_sequence, used.id, :amount, balance, 'Purchase completed', now() FROM credited, used
    RETURNING participant_id, sequence, amount
)
INSERT INTO bench_lot (participant_id, sequence, amount, remaining, expires_at)
SELECT participant_id, sequence, amount, amount, now() + interval '1 year' FROM entered;
