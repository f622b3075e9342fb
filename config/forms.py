"""How Django renders our forms: through `templates/components`."""

from django.forms.renderers import TemplatesSetting


class HouseRenderer(TemplatesSetting):
    """`{{ form }}` and `{{ form.name.as_field_group }}` in the look of the house."""

    form_template_name = "components/form.html"
    field_template_name = "components/field.html"
