"""The index laboratory: figures for a recipe, tables and pictures of what it makes of them."""
