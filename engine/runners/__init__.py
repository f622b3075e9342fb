"""What drives the services: loops and threads (`embedded.py`), Celery (`celery.py`). No decision is taken here."""
