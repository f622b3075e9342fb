"""Django's admin under our name: every table, for administrators of the installation."""

from django.contrib.admin import AdminSite


class QuadrilleAdminSite(AdminSite):
    """The admin at `/admin/`."""

    site_header = "Quadrille admin"
    site_title = "Quadrille admin"
    index_title = "Every table"
    site_url = "/"
