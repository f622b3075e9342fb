"""Console pages about data: entities, automations, journeys; messages, subscribers, topics."""
