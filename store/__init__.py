"""The only SQL: TimescaleDB or PostgreSQL by psycopg 3."""
