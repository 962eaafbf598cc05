"""What earns points by itself: metrics, streaks, boosts. Pure: no I/O, no clock."""
