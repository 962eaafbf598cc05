"""What a key may do beyond the participant endpoints, which accept any valid key."""

ADMIN = "admin"
GAMIFY_ADMIN = "gamify:admin"

SCOPES = {
    ADMIN: "Everything, in every dialect",
    GAMIFY_ADMIN: "Manage tiers, badges, rules and engagements; read facts",
}
