"""Rules and lifecycle of alerts; nothing here sends anything to anybody."""
