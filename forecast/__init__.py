"""Forcing scenarios, ensembles, quantiles and threshold crossings."""
