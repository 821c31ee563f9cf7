"""Pages of this room, and the addresses that providers call."""
