"""The wire APIs, a room each, over designer and engine. Rooms never import each other; they share `shared`."""
