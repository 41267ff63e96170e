"""Typed panel specs, and what is generated from them: Grafana dashboards and provisioning files."""
