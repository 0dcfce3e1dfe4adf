"""The application of a service, which describes itself as it really answers: a refused value is a problem, not FastAPI's own shape."""

from typing import Any

from fastapi import FastAPI

from common.openapi import PROBLEM, problem_answer

_FRAMEWORKS_OWN = ("HTTPValidationError", "ValidationError")
_SAYS_NOTHING = "Successful Response"
_UNPROCESSABLE = problem_answer("A value is not acceptable; `errors` names each.")


class Application(FastAPI):
    """FastAPI, with another word on refusals."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document."""
        document = super().openapi()
        for item in document["paths"].values():
            for operation in item.values():
                for answer in operation["responses"].values():
                    if answer["description"] == _SAYS_NOTHING:
                        answer["description"] = "Done."
                if "422" in operation["responses"]:
                    operation["responses"]["422"] = _UNPROCESSABLE
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        for name in _FRAMEWORKS_OWN:
            schemas.pop(name, None)
        schemas["Problem"] = PROBLEM
        return document
