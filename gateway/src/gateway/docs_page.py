"""The page at `/docs`: every operation of the merged document, readable without a script."""

from html import escape
from typing import Any

Json = dict[str, Any]

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Lanyard API</title>
<link rel="stylesheet" href="/assets/lanyard.css">
</head>
<body>
<a class="skip" href="#operations">Skip to the operations</a>
<header class="bar"><strong>Lanyard</strong> <a href="/openapi.json">openapi.json</a> <a href="/health">health</a></header>
<main class="wide">
<h1>API</h1>
<p>JSON in and out. Sign in for an access token and send it as <code>Authorization: Bearer …</code>. Every refusal is
<code>application/problem+json</code> with a <code>code</code> and a <code>traceId</code>.</p>
<nav aria-label="Services"><ul class="inline">{links}</ul></nav>
<div id="operations">{sections}</div>
</main>
</body>
</html>
"""


def page_of(document: Json) -> str:
    """The HTML page of a merged OpenAPI document."""
    by_service: dict[str, list[str]] = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            by_service.setdefault(operation["tags"][0], []).append(_operation(path, method, operation, document))
    links = "".join(f'<li><a href="#{name}">{name}</a></li>' for name in sorted(by_service))
    sections = "".join(
        f'<section id="{name}"><h2>{name}</h2>{"".join(rows)}</section>' for name, rows in sorted(by_service.items())
    )
    return _PAGE.format(links=links, sections=sections)


def _operation(path: str, method: str, operation: Json, document: Json) -> str:
    summary = escape(str(operation.get("description") or operation.get("summary") or ""))
    answers = ", ".join(escape(str(status)) for status in operation.get("responses", {}))
    return (
        f'<details class="card"><summary><span class="method {escape(method)}">{escape(method.upper())}</span> '
        f"<code>{escape(path)}</code></summary><p>{summary}</p>"
        f"<dl><dt>Who</dt><dd>{escape(operation['x-who'])}</dd>"
        f"{_body(operation, document)}<dt>Answers</dt><dd>{answers}</dd></dl></details>"
    )


def _body(operation: Json, document: Json) -> str:
    content = operation.get("requestBody", {}).get("content", {})
    return "".join(
        f"<dt>Body <small>{escape(kind)}</small></dt><dd>{_fields(media.get('schema', {}), document)}</dd>"
        for kind, media in content.items()
    )


def _fields(schema: Json, document: Json) -> str:
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    resolved = document["components"]["schemas"].get(name, schema)
    required = set(resolved.get("required", []))
    items = "".join(
        f"<li><code>{escape(field)}</code>{'' if field in required else ' <small>optional</small>'}</li>"
        for field in resolved.get("properties", {})
    )
    return f'<ul class="inline">{items}</ul>' if items else escape(name or str(resolved.get("type", "")))
