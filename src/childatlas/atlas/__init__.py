"""The atlas: book, page, workbook, GeoPackage, report and manifest."""
