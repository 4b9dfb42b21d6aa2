"""Servers that HydroNum starts itself when the machine has none: PostgreSQL and an MQTT broker."""
