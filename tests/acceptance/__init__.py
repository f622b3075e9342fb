"""Stories told from outside: a real `manage.py serve` with the demo, a real Chromium, other processes over the API."""
