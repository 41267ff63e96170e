"""What every board lets its reader choose, and what it marks."""

from dashboards.queries import load
from dashboards.spec import Annotation, Link, Variable

TENANT = Variable(name="tenant", label="Tenant", sql=load("tenants"))
ROUTE = Variable(name="route", label="Route", sql=load("routes"), is_multi=True)
FINDINGS = Annotation(name="Findings", sql=load("finding_marks"), colour="orange")
REVISIONS = Annotation(name="Revisions", sql=load("revision_marks"), colour="blue")
MARKERS = Annotation(name="Markers", sql=load("markers"), colour="purple")
TO_RECOMMENDATION = Link("Review it in the console", "${console}/recommendations/${__data.fields.id}")
TO_REVISION = Link("Show it in the console", "${console}/revisions/${__data.fields.revision}")
TO_FINDING = Link("Open the finding in the console", "${console}/findings/${__data.fields.id}")
TO_ALERTS = Link("All alerts in the console", "${console}/alerts")
TO_ROUTE = Link(
    "Show this route alone", "/d/tidegate-route?${tenant:queryparam}&var-route=${__data.fields.route}"
)
