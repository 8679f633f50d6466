"""Assembly: what a study names, read once and made into layers, tables and notes."""
