"""Benchmarks: figures against limits and peers, printed by ``make bench``; never timed tests."""
