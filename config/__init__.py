"""The wiring: settings from the environment, URL table, ASGI and WSGI doors, Celery. Nothing of the product itself."""
