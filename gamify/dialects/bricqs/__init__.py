"""Bricqs: `/api/v1/gamify`. Contracts are those of the Bricqs points and tiers documents."""
