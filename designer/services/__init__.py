"""What people and programs do to flows, a file per subject: each function is one use case and owns its transaction."""
