"""What-if comparison, impact, event replay and after-event review (to come)."""
