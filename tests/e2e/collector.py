"""An OpenTelemetry collector for tests: real processes send it their spans over OTLP, tests read them."""

from dataclasses import dataclass, field

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass
class Span:
    """What a trace test needs of a span."""

    service: str
    name: str
    trace_id: str
    links: list[str]


@dataclass
class Collector:
    """It keeps every span it is sent."""

    url: str = ""
    spans: list[Span] = field(default_factory=list)

    def receive(self, body: bytes) -> None:
        """Keep the spans of one OTLP request."""
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            service = next(a.value.string_value for a in resource.resource.attributes if a.key == "service.name")
            for scope in resource.scope_spans:
                for span in scope.spans:
                    links = [link.trace_id.hex() for link in span.links]
                    self.spans.append(Span(service, span.name, span.trace_id.hex(), links))
