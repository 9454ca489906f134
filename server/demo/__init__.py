"""A centre that nobody has to fear for: invented people, places and records, to try Fieldbook on."""
