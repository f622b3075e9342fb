"""The outside world of the demo flows, below `/demo/`. 404 unless demo mode is on (`QUADRILLE_DEMO`)."""

from django.urls import path

from config.demo import views

app_name = "demo"
urlpatterns = [
    path("customers", views.register_customer),
    path("credit", views.credit_score),
    path("accounts", views.open_account),
    path("images/score", views.score_image),
    path("images/publish", views.publish_image),
    path("images/remove", views.remove_image),
    path("payments", views.charge),
    path("refunds", views.refund),
    path("stock/reserve", views.reserve_stock),
    path("labels", views.print_label),
    path("reports/orders", views.orders_page),
    path("incidents", views.open_incident),
    path("incidents/close", views.close_incident),
    path("pager", views.page_someone),
]
