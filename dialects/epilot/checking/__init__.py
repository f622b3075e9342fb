"""What may be sent: shapes of bodies, rules of a template's graph, soft limits. Pure: no tables, no clock."""
