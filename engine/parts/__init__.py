"""What the pages of the engine are made of, read in few queries. The same parts are sent live (`engine.live`)."""
