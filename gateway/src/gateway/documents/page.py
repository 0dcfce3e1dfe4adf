"""The page at `/docs`: every operation of the merged document. Whole without a script; the script adds a search."""

from html import escape

from common.openapi import PROBLEM_TYPE, Json
from gateway.documents.examples import curl
from gateway.documents.shapes import fields_of, kind_of, prose, shape_of

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Lanyard API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/assets/lanyard.css">
<script src="/assets/lanyard.js" defer></script>
</head>
<body>
<a class="skip" href="#operations">Skip to the operations</a>
<header class="bar"><strong>Lanyard API</strong> <a href="/openapi.json">openapi.json</a>
<a href="/asyncapi.json">asyncapi.json</a> <a href="/status">status</a></header>
<main class="wide">
<h1>API</h1>
<p>JSON in and out, in camelCase. Sign in by <a href="#postAuthEmailStart">mail code</a> for an access token and send it as
<code>Authorization: Bearer …</code>; devices and API keys of an organisation send their own token the same way. In the examples
<code>$LANYARD</code> is the address of this page without its path.</p>
<details class="card" id="refusals"><summary>Refusals, limits and repeats</summary>
<p>Every refusal is <code>application/problem+json</code> (RFC 9457):</p>
{problem}
<p>Limited routes tell their quota in <code>RateLimit-Policy</code> and what is left in <code>RateLimit</code>; a 429 or 503 says in
<code>Retry-After</code> when to come back. Where an <code>Idempotency-Key</code> is asked for, the same key sent again within 24 h
has one effect and gets the same answer.</p></details>
<search class="find" hidden><label for="find">Find an operation</label>
<input id="find" type="search" data-filter="#operations" autocomplete="off" spellcheck="false"
 placeholder="orders, POST, events:event:write …" aria-describedby="found"><p class="hint" id="found" role="status"></p></search>
<nav aria-label="Services"><ul class="inline">{links}</ul></nav>
<div id="operations">{sections}</div>
</main>
</body>
</html>
"""


def page_of(document: Json) -> str:
    """The HTML page of a merged OpenAPI document."""
    by_tag: dict[str, list[str]] = {tag["name"]: [] for tag in document["tags"]}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            by_tag[operation["tags"][0]].append(_operation(path, method, operation, document))
    about = {tag["name"]: tag["description"] for tag in document["tags"]}
    shown = {name: rows for name, rows in by_tag.items() if rows}
    links = "".join(f'<li><a href="#{name}">{name}</a> <small>{len(rows)}</small></li>' for name, rows in shown.items())
    sections = "".join(
        f'<section id="{name}" aria-labelledby="h-{name}"><h2 id="h-{name}">{name}</h2>'
        f'<p class="quiet">{escape(about[name])}</p>{"".join(rows)}</section>'
        for name, rows in shown.items()
    )
    problem = fields_of(document["components"]["schemas"]["Problem"], document)
    return _PAGE.format(links=links, sections=sections, problem=problem)


def _operation(path: str, method: str, operation: Json, document: Json) -> str:
    words = str(operation.get("description") or operation.get("summary") or "")
    first, _, more = words.partition(". ")
    example = curl(method, path, operation, document)
    found_by = f"{method} {path} {words} {operation['x-who']} {operation['tags'][0]}".lower()
    return (
        f'<details class="card operation" id="{escape(operation["operationId"])}" data-words="{escape(found_by)}">'
        f'<summary><span class="method {escape(method)}">{escape(method.upper())}</span> <code>{escape(path)}</code>'
        f'<span class="quiet">{prose(first.rstrip("."))}</span></summary>'
        f"{f'<p>{prose(more)}</p>' if more else ''}<dl>{_facts(operation)}</dl>"
        f"{_parameters(operation, document)}{_body(operation, document)}{_answers(operation, document)}"
        f'<h3>Example</h3><pre tabindex="0">{escape(example)}</pre>'
        f'<p><button class="plain" type="button" data-copy="{escape(example)}">Copy</button> '
        f'<a href="#{escape(operation["operationId"])}">Link to this</a></p></details>'
    )


def _facts(operation: Json) -> str:
    facts = [("Who", operation["x-who"])]
    if "x-rate-class" in operation:
        facts.append(("Limit", f"class {operation['x-rate-class']}"))
    if operation.get("x-body-limit"):
        facts.append(("Body", f"at most {operation['x-body-limit'] // 1024} KiB"))
    return "".join(f"<dt>{name}</dt><dd>{escape(str(value))}</dd>" for name, value in facts)


def _parameters(operation: Json, document: Json) -> str:
    items = "".join(
        f"<li><code>{escape(each['name'])}</code> <small>{escape(each['in'])}</small> "
        f"<span>{kind_of(each.get('schema', {}), document)}</span>{'' if each.get('required') else ' <small>optional</small>'}"
        f"{_aside(each.get('description'))}</li>"
        for each in operation.get("parameters", [])
    )
    return f'<h3>Parameters</h3><ul class="fields">{items}</ul>' if items else ""


def _aside(words: str | None) -> str:
    return f"<br><small>{prose(words)}</small>" if words else ""


def _body(operation: Json, document: Json) -> str:
    return "".join(
        f"<h3>Body <small>{escape(kind)}</small></h3>{shape_of(media.get('schema', {}), document)}"
        for kind, media in operation.get("requestBody", {}).get("content", {}).items()
    )


def _answers(operation: Json, document: Json) -> str:
    """Answers with something in them are shown whole; refusals are one line, for all look the same."""
    shown, refusals = "", []
    for status, answer in operation["responses"].items():
        name = answer.get("$ref", "").rpartition("/")[2]
        resolved = document["components"]["responses"].get(name, answer)
        if PROBLEM_TYPE in resolved.get("content", {}):
            refusals.append(f"<dt>{escape(status)}</dt><dd>{prose(resolved['description'])}</dd>")
            continue
        shown += f"<h3>{escape(status)} <small>{prose(resolved.get('description', ''))}</small></h3>"
        for kind, media in resolved.get("content", {}).items():
            shown += f'<p class="kind"><small>{escape(kind)}</small></p>{shape_of(media.get("schema", {}), document)}'
    several = f'<details class="refused"><summary>Refusals</summary><dl>{"".join(refusals)}</dl></details>'
    return shown + (several if refusals else "")
