"""GamifyHost: awards by reward rule, and users' balances and histories, under `/v1`. After its award document."""
