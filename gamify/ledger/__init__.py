"""The core: lock and load (store), decide (posting, lots, amounts, chain: pure), write (store)."""
