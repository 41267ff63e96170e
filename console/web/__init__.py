"""The console's pages: server-rendered HTML that works without script; htmx and uPlot make it live.

Every page is a GET that changes nothing; every change is a form with the session's CSRF token.
"""
