"""The documents of the house as it is: the real table, what services really say, held against independent validators."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from common.messages import catalogue
from common.openapi import PROBLEM
from common.samples import sample_body
from gateway.documents import OPERATIONS, merge
from gateway.documents.asyncapi import asyncapi
from gateway.documents.page import page_of
from gateway.routes import GATEWAY, ROWS, SERVICES
from gateway.routing import Public, Row

TREE = Path(__file__).resolve().parents[3]
SCHEMA = Path(__file__).with_name("asyncapi-3.0.0.schema.json")
PARTS = {service: json.loads((TREE / "services" / service / "openapi.json").read_text()) for service in SERVICES}
MERGED = merge(PARTS, ROWS, OPERATIONS)
MESSAGES = asyncapi()


def operation(row: Row) -> dict[str, Any]:
    found: dict[str, Any] = MERGED["paths"][row.path][row.method.lower()]
    return found


def references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*map(references, value.values()))
    return set().union(*map(references, value)) if isinstance(value, list) else set()


def at(document: Any, reference: str) -> Any:
    for step in reference.removeprefix("#/").split("/"):
        document = document[step.replace("~1", "/").replace("~0", "~")]
    return document


def test_an_independent_validator_finds_the_merged_document_to_be_openapi_3_1() -> None:
    """Scenario 25."""
    assert [str(fault) for fault in OpenAPIV31SpecValidator(MERGED).iter_errors()] == []


def test_every_row_of_the_table_is_told_by_its_service() -> None:
    """Scenario 25."""
    silent = [
        f"{row.method} {row.path}" for row in ROWS if "not described itself" in operation(row).get("description", "")
    ]
    assert silent == []


def test_no_path_is_told_that_the_door_does_not_open() -> None:
    told = {(method.upper(), path) for path, item in MERGED["paths"].items() for method in item}
    listed = {(row.method, row.path) for row in ROWS}
    own = {(method.upper(), path) for path, item in OPERATIONS.items() for method in item}
    assert told == listed | own


def test_every_operation_has_an_id_of_its_own_and_a_tag_that_is_explained() -> None:
    operations = [one for item in MERGED["paths"].values() for one in item.values()]
    ids = [one["operationId"] for one in operations]
    assert len(ids) == len(set(ids))
    assert [one for one in ids if not re.fullmatch(r"[a-z][A-Za-z0-9]+", one)] == []
    assert {tag for one in operations for tag in one["tags"]} <= {tag["name"] for tag in MERGED["tags"]}
    assert [tag["name"] for tag in MERGED["tags"] if len(tag["description"]) < 10] == []


@pytest.mark.parametrize("document", [MERGED, MESSAGES], ids=["openapi", "asyncapi"])
def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    assert references(document)
    for reference in sorted(references(document)):
        assert at(document, reference), reference


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.method} {row.path}")
def test_what_the_door_does_is_told_of_each_row(row: Row) -> None:
    told = operation(row)
    anyone = isinstance(row.who, Public)
    assert {} in told["security"] or not told["security"] if anyone else {"accessToken": []} in told["security"]
    assert {"400", "429", "503", "5XX"} <= set(told["responses"])
    assert ("426" in told["responses"]) is not row.any_app
    keys = [each for each in told["parameters"] if each["name"] == "Idempotency-Key"]
    assert [each["required"] for each in keys] == [True] * row.key_needed
    assert ("304" in told["responses"]) >= (row.cache is not None)
    if not anyone:
        assert {"401", "403"} <= set(told["responses"])


def test_refusals_are_problems_and_nothing_else() -> None:
    """Scenario 25."""
    for path, item in MERGED["paths"].items():
        for method, one in item.items():
            for status, answer in one["responses"].items():
                if path in ("/health", "/readyz") or status[0] not in "45":
                    continue
                content = at(MERGED, answer["$ref"])["content"] if "$ref" in answer else answer["content"]
                schema = content["application/problem+json"]["schema"]
                assert (list(content), schema) == (
                    ["application/problem+json"],
                    {"$ref": "#/components/schemas/Problem"},
                ), (method, path, status)


@pytest.mark.parametrize("service", SERVICES)
def test_no_service_tells_of_refusals_in_the_shape_of_its_framework(service: str) -> None:
    """Scenario 25."""
    schemas = PARTS[service]["components"]["schemas"]
    assert (schemas["Problem"], schemas.keys() & {"HTTPValidationError", "ValidationError"}) == (PROBLEM, set())
    told = [one["422"]["content"] for one in _answers(PARTS[service]) if "422" in one]
    assert told and all(list(content) == ["application/problem+json"] for content in told)


def _answers(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [one["responses"] for item in document["paths"].values() for one in item.values()]


def test_parameters_in_paths_are_those_of_the_path() -> None:
    for row in ROWS:
        named = [each["name"] for each in operation(row)["parameters"] if each["in"] == "path"]
        assert sorted(named) == sorted(re.findall(r"\{([^}]*)\}", row.path)), row.path


def test_a_row_whose_service_has_said_nothing_yet_is_there_all_the_same() -> None:
    document = merge({}, ROWS, OPERATIONS)
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []
    order = document["paths"]["/v1/orders"]["post"]
    assert (order["security"], order["x-rate-class"]) == ([{"accessToken": []}, {"machineToken": []}], "buy")


def test_every_row_the_gateway_answers_itself_is_described_by_it() -> None:
    here = {(row.path, row.method.lower()) for row in ROWS if row.service == GATEWAY}
    assert here <= {(path, method) for path, item in OPERATIONS.items() for method in item}


def test_the_official_schema_finds_the_messages_to_be_asyncapi_3_0() -> None:
    """The schema is that of the AsyncAPI initiative, see `asyncapi-3.0.0.schema.md`."""
    validator = jsonschema.Draft7Validator(json.loads(SCHEMA.read_text()))
    assert [f"{fault.json_path}: {fault.message[:200]}" for fault in validator.iter_errors(MESSAGES)] == []


def test_the_official_schema_would_say_what_is_wrong() -> None:
    validator = jsonschema.Draft7Validator(json.loads(SCHEMA.read_text()))
    assert not validator.is_valid({**MESSAGES, "operations": {"x": {"action": "shout"}}})


def test_every_message_is_sent_by_its_publisher_and_heard_by_its_listeners() -> None:
    operations = MESSAGES["operations"]
    for kind in catalogue():
        reference = {"$ref": f"#/channels/{kind.subject}/messages/{kind.type()}"}
        sent = operations[f"{kind.publisher}.sends.{kind.subject}"]
        assert (sent["action"], reference in sent["messages"]) == ("send", True)
        for listener in kind.listeners:
            heard = operations[f"{listener}.hears.{kind.subject}"]
            assert (heard["action"], reference in heard["messages"]) == ("receive", True)
    told = {name for name in operations if ".sends." in name}
    assert told == {f"{kind.publisher}.sends.{kind.subject}" for kind in catalogue()}


def test_the_durable_consumer_of_a_listener_is_named() -> None:
    heard = MESSAGES["operations"]["events.hears.order.paid"]
    assert heard["bindings"] == {"nats": {"queue": "events-from-commerce", "bindingVersion": "0.1.0"}}
    assert MESSAGES["channels"]["order.paid"]["x-stream"] == "COMMERCE"


@pytest.mark.parametrize("kind", catalogue(), ids=lambda kind: kind.type())
def test_the_schema_of_a_message_takes_what_the_message_takes(kind: Any) -> None:
    payload = {**MESSAGES["components"]["messages"][kind.type()]["payload"], "components": MESSAGES["components"]}
    body = sample_body(kind)
    jsonschema.validate(body, payload)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**body, "sequence": "soon"}, payload)


def test_the_live_channel_tells_only_what_an_audience_is_shown() -> None:
    messages = MESSAGES["components"]["messages"]
    shown = {kind.subject: kind for kind in catalogue() if kind.audience is not None}
    live = {name.removeprefix("live.") for name in MESSAGES["channels"]["live"]["messages"]}
    assert live == {*shown, "reset", "behind", "closing"}
    assert "buyerEmail" in messages["order.paid.v1"]["payload"]["properties"]
    assert "buyerEmail" not in messages["live.order.paid"]["payload"]["properties"]


def test_the_page_shows_every_operation_and_runs_nothing_of_its_own() -> None:
    page = page_of(MERGED)
    ids = [one["operationId"] for item in MERGED["paths"].values() for one in item.values()]
    assert [one for one in ids if f'id="{one}"' not in page] == []
    assert re.findall(r'<script(?! src="/assets/lanyard\.js" defer>)', page) == []
    assert re.findall(r"\son[a-z]+=|style=|javascript:", page) == []
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(re.findall(r'id="([^"]+)"', page))
    assert set(re.findall(r'(?:src|href)="([^#"][^"]*)"', page)) == {
        "data:,",
        "/assets/lanyard.css",
        "/assets/lanyard.js",
        "/openapi.json",
        "/asyncapi.json",
        "/status",
    }


def test_the_page_says_who_may_call_what_is_sent_and_how() -> None:
    page = page_of(MERGED)
    start = page.index('id="postOrders"')
    shown = page[start : page.index("</pre>", start)]
    assert "signed in: whoever is signed in may buy" in shown
    assert "<code>Idempotency-Key</code>" in shown
    assert "<code>ticketTierId</code> <span>TicketTierId, tier_…</span>" in shown
    assert "curl &quot;$LANYARD/v1/orders&quot;" in shown
    assert re.search(r"&quot;quantity&quot;: 1[,}]", shown)
