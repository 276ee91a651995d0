"""A backend that reads documents from an HTTP API: GET {address}/secrets/PATH.

It sends its requests through the host, which allows only the origins of the manifest and adds
the credential. Its texts say what happened, and never what the server sent.
"""

from urllib.parse import quote

from componentize_py_types import Err, Ok, Result
from wit_world import exports
from wit_world.exports.backend import (
    Document,
    Error,
    Error_AccessDenied,
    Error_InvalidReference,
    Error_NotFound,
    Error_Other,
    Error_Unauthenticated,
    Error_Unavailable,
    OriginSpec,
    Outage,
    Profile,
    Reference,
    SettingSpec,
)
from wit_world.imports import http, settings

Answer = Result[Document, Error]


def unavailable(text: str, retry_after_ms: int | None = None) -> Answer:
    return Err(Error_Unavailable(Outage(text, retry_after_ms)))


def url(address: str, reference: Reference) -> str | None:
    """The URL of a document, or nothing if no document can have such a path.

    `.` and `..` would be taken out of the URL on its way, and another document would be read.
    """
    segments = reference.path.split("/")
    if any(segment in ("", ".", "..") for segment in segments):
        return None
    path = "/".join(quote(segment, safe="") for segment in segments)
    if reference.version is None:
        return f"{address}/secrets/{path}"
    return f"{address}/secrets/{path}?version={quote(reference.version, safe='')}"


def header(response: http.Response, name: str) -> str | None:
    """The first value of a header."""
    values = (header.value for header in response.headers if header.name == name)
    return next(values, None)


def retry_after(response: http.Response) -> int | None:
    """The seconds of `retry-after` in milliseconds.

    A date there is not read: the clock that it is for is not lent to plugins.
    """
    seconds = header(response, "retry-after") or ""
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) <= 9):
        return None
    return int(seconds) * 1000


def answer(reference: Reference, response: http.Response) -> Answer:
    status = response.status
    if status == 200:
        version = header(response, "x-version")
        # A server that has no versions may answer all the same, with another document than the
        # one that was asked for.
        if reference.version not in (None, version):
            return Err(Error_InvalidReference("the server did not answer with this version"))
        return Ok(Document(response.body, version, None, None))
    if status == 401:
        return Err(Error_Unauthenticated("the server asks for another credential"))
    if status == 403:
        return Err(Error_AccessDenied("the credential may not read this path"))
    if status == 404:
        return Err(Error_NotFound())
    text = f"the server answered with status {status}"
    if status == 429 or 500 <= status <= 599:
        return unavailable(text, retry_after(response))
    return Err(Error_Other(text))


def no_answer(error: http.HttpError) -> Answer:
    """Why there is no response. The host's own texts may be passed on."""
    match error:
        case http.HttpError_Denied(text):
            return Err(Error_Other(f"the request is not allowed: {text}"))
        case http.HttpError_Invalid(text):
            return Err(Error_Other(f"the request can't be sent: {text}"))
        case http.HttpError_Unreachable(text):
            return unavailable(f"the server can't be reached: {text}")
        case http.HttpError_Timeout():
            return unavailable("the server did not answer in time")
        case http.HttpError_TooLarge():
            return Err(Error_Other("the document is too large"))
        case http.HttpError_Broken(text):
            return unavailable(f"the connection broke: {text}")


class Backend(exports.Backend):
    def about(self) -> Profile:
        address = SettingSpec("address", "URL of the API, without a query", True, None)
        origin = OriginSpec("{address}", "to read secrets", True)
        return Profile("documents of an HTTP API", [address], [origin])

    def fetch(self, references: list[Reference]) -> list[Answer]:
        address = (settings.get("address") or "").rstrip("/")
        if not address or "?" in address or "#" in address:
            text = "the setting `address` must be a URL without a query"
            return [Err(Error_Other(text)) for _ in references]
        urls = [url(address, reference) for reference in references]
        requests = [http.Request("GET", url, [], b"") for url in urls if url is not None]
        results = iter(http.send_all(requests) if requests else [])
        answers: list[Answer] = []
        for reference, sent in zip(references, urls):
            if sent is None:
                text = "a path is made of names joined by `/`"
                answers.append(Err(Error_InvalidReference(text)))
                continue
            result = next(results)
            if isinstance(result, Ok):
                answers.append(answer(reference, result.value))
            else:
                answers.append(no_answer(result.value))
        return answers
