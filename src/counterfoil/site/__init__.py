"""The look-up pages: why a call was refused, and what to do next, for whoever has its id."""
