"""The home page: what needs a person today, the practice in figures and in plots. Source: issue F, « À traiter »."""
