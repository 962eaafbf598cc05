"""The programme that everything is measured with: lots, tiers of all criteria types, multipliers, badges, a metric."""

METRIC = "purchases"

PROGRAMME = {
    # Every credit expires one day, so every award makes a lot.
    "points_systems": [{"key": "points", "name": "Points", "expiry_policy": "end_of_year", "expiry_periods": 1}],
    "badges": [
        {
            "code": "first_purchase",
            "name": "First purchase",
            "criteria_type": "award_count",
            "criteria_config": {"min_awards": 1},
        },
        {
            "code": "regular",
            "name": "Regular",
            "criteria_type": "award_count",
            "criteria_config": {"min_awards": 10},
        },
        {
            "code": "collector",
            "name": "Collector",
            "criteria_type": "points",
            "criteria_config": {"min_points": 1500},
        },
        {
            "code": "shiny",
            "name": "Shiny",
            "criteria_type": "tier_reached",
            "criteria_config": {"level": 20},
        },
    ],
    "tiers": [
        {"code": "bronze", "name": "Bronze", "level": 10, "criteria_config": {"min_points": 100}},
        {"code": "silver", "name": "Silver", "level": 20, "criteria_config": {"min_points": 1100}},
        {
            "code": "gold",
            "name": "Gold",
            "level": 30,
            "point_multiplier": 1.5,
            "criteria_type": "points_in_window",
            "criteria_config": {"min_points": 1250, "days": 30},
        },
        {
            "code": "platinum",
            "name": "Platinum",
            "level": 40,
            "point_multiplier": 2,
            "criteria_type": "badges",
            "criteria_config": {"codes": ["regular", "collector"]},
        },
    ],
    "metrics": [{"key": METRIC, "name": "Purchases"}],
    # Every event of value 1 awards points.
    "triggers": [{"points_system": "points", "type": "metric", "metric": METRIC, "threshold": 1, "points": 10}],
}

# What everybody has to begin with: an award like any other, so that tiers and badges are in a state that lasts.
FIRST_AWARD = 1000
