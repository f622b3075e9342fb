"""What people can do in this room, a file per subject: each function owns its transaction and writes the audit log."""
