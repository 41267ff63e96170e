"""What every board lets its reader choose, and what it marks."""

from dashboards.queries import load
from dashboards.spec import Annotation, Link, Variable

TENANT = Variable(name="tenant", label="Tenant", sql=load("tenants"))
ROUTE = Variable(name="route", label="Route", sql=load("routes"), is_multi=True)
FINDINGS = Annotation(name="Findings", sql=load("finding_marks"), colour="orange")
TO_FINDING = Link("Open the finding in the console", "${console}/findings/${__data.fields.id}")
TO_ROUTE = Link(
    "Show this route alone", "/d/tidegate-route?${tenant:queryparam}&var-route=${__data.fields.route}"
)
