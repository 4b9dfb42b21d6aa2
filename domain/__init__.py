"""Words of the field as types. Imports nothing else of HydroNum."""
