-- Entries are written once. On Citus, which has no triggers, the application's role has no UPDATE or DELETE instead.
CREATE FUNCTION gamify_entry_is_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'ledger entries are immutable: correct a mistake with another entry'
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER gamify_entry_immutable
    BEFORE UPDATE OR DELETE ON gamify_entry
    FOR EACH ROW EXECUTE FUNCTION gamify_entry_is_immutable();

-- Rows that change with every award: room on their page keeps the new version beside the old, without index writes.
ALTER TABLE gamify_participant SET (fillfactor = 70);
ALTER TABLE gamify_account SET (fillfactor = 70);
ALTER TABLE gamify_lot SET (fillfactor = 85);
