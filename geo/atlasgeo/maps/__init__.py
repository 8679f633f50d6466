"""Pictures: classes, colours, static maps, charts and the interactive map."""
