"""Measures: tables in, tables out. Nothing here opens a file, prints or draws."""
