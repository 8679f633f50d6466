"""Figures: read, checked, catalogued."""
