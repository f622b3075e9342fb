"""How instances are shown: pure functions from steps and facts to words, positions and marks. No database, no clock."""
