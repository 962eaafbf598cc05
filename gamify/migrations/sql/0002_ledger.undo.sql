DROP TRIGGER gamify_entry_immutable ON gamify_entry;
DROP FUNCTION gamify_entry_is_immutable();
ALTER TABLE gamify_participant RESET (fillfactor);
ALTER TABLE gamify_account RESET (fillfactor);
ALTER TABLE gamify_lot RESET (fillfactor);
