"""The console: what customers, team admins and staff see in a browser. Each page parses, calls one use case, renders.

application.py  every page as one ASGI application
routes.py       how a page is declared: its path, and what it asks of whoever opens it
visits.py       one visit: who, in which language, to which account, with what form
tables.py       tables, which can all be taken away as CSV or XLSX
charts.py       charts as shapes, drawn by the templates
shown.py        amounts, times and counts as people write them
pages/          the pages, one module for each part of the console
"""
