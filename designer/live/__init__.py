"""What the designer lets pages watch: drafts being edited by somebody else."""
