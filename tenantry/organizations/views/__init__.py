"""Pages of this room, one file per use case."""
