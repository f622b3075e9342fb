"""Between Novu's words and ours, without tables or clocks: ids, slugs, control values, variables, issues, previews."""
