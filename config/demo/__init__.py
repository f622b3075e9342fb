"""The demo: an organization with six flows, and the small outside world those flows call.

`loading.py` fills the database (`manage.py demo`), `views.py` is the outside world below `/demo/`, `flows/` are the
flow files. Nothing else in Quadrille knows of this room.
"""
