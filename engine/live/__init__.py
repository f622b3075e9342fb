"""What of the engine may be watched live, and how a commit is announced."""
