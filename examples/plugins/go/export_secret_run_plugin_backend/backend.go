// Package export_secret_run_plugin_backend is what the bindings call: their generator gives it
// its name and its place.
//
// It is a backend that reads documents from an HTTP API: GET {address}/secrets/PATH. It sends
// its requests through the host, which allows only the origins of the manifest and adds the
// credential. Its texts say what happened, and never what the server sent.
package export_secret_run_plugin_backend

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	. "go.bytecodealliance.org/pkg/wit/types"
	. "wit_component/secret_run_plugin_backend"
	http "wit_component/secret_run_plugin_http"
	settings "wit_component/secret_run_plugin_settings"
)

type answer = Result[Document, Error]

func failed(err Error) answer {
	return Err[Document](err)
}

func unavailable(text string, retryAfterMs Option[uint64]) answer {
	return failed(MakeErrorUnavailable(Outage{Text: text, RetryAfterMs: retryAfterMs}))
}

// encode writes every byte as %XX that a part of a URL does not keep as it is.
func encode(text string) string {
	var encoded strings.Builder
	for _, b := range []byte(text) {
		letter := b >= 'A' && b <= 'Z' || b >= 'a' && b <= 'z'
		if letter || b >= '0' && b <= '9' || strings.IndexByte("-._~", b) >= 0 {
			encoded.WriteByte(b)
		} else {
			fmt.Fprintf(&encoded, "%%%02X", b)
		}
	}
	return encoded.String()
}

// url is that of a document, if a document can have such a path. `.` and `..` would be taken
// out of the URL on its way, and another document would be read.
func url(address string, reference Reference) (string, bool) {
	segments := strings.Split(reference.Path, "/")
	for index, segment := range segments {
		if segment == "" || segment == "." || segment == ".." {
			return "", false
		}
		segments[index] = encode(segment)
	}
	url := address + "/secrets/" + strings.Join(segments, "/")
	if reference.Version.IsSome() {
		url += "?version=" + encode(reference.Version.Some())
	}
	return url, true
}

// header is the first value of a header.
func header(response http.Response, name string) Option[string] {
	named := func(header http.Header) bool { return header.Name == name }
	if index := slices.IndexFunc(response.Headers, named); index >= 0 {
		return Some(response.Headers[index].Value)
	}
	return None[string]()
}

// retryAfter is the seconds of `retry-after` in milliseconds. A date there is not read: the
// clock that it is for is not lent to plugins.
func retryAfter(response http.Response) Option[uint64] {
	value := header(response, "retry-after").SomeOr("")
	seconds, err := strconv.ParseUint(value, 10, 64)
	if err != nil || len(value) > 9 {
		return None[uint64]()
	}
	return Some(1000 * seconds)
}

func answerOf(reference Reference, response http.Response) answer {
	status := response.Status
	switch status {
	case 200:
		version := header(response, "x-version")
		// A server that has no versions may answer all the same, with another document than the
		// one that was asked for.
		asked := reference.Version
		if asked.IsSome() && (version.IsNone() || version.Some() != asked.Some()) {
			return failed(MakeErrorInvalidReference("the server did not answer with this version"))
		}
		return Ok[Document, Error](Document{Bytes: response.Body, Version: version})
	case 401:
		return failed(MakeErrorUnauthenticated("the server asks for another credential"))
	case 403:
		return failed(MakeErrorAccessDenied("the credential may not read this path"))
	case 404:
		return failed(MakeErrorNotFound())
	}
	text := fmt.Sprintf("the server answered with status %d", status)
	if status == 429 || status >= 500 && status <= 599 {
		return unavailable(text, retryAfter(response))
	}
	return failed(MakeErrorOther(text))
}

// noAnswer says why there is no response. The host's own texts may be passed on.
func noAnswer(err http.HttpError) answer {
	never := None[uint64]()
	switch err.Tag() {
	case http.HttpErrorDenied:
		return failed(MakeErrorOther("the request is not allowed: " + err.Denied()))
	case http.HttpErrorInvalid:
		return failed(MakeErrorOther("the request can't be sent: " + err.Invalid()))
	case http.HttpErrorUnreachable:
		return unavailable("the server can't be reached: "+err.Unreachable(), never)
	case http.HttpErrorTimeout:
		return unavailable("the server did not answer in time", never)
	case http.HttpErrorTooLarge:
		return failed(MakeErrorOther("the document is too large"))
	default:
		return unavailable("the connection broke: "+err.Broken(), never)
	}
}

// About says what the backend is and needs.
func About() Profile {
	return Profile{
		Summary: "documents of an HTTP API",
		Settings: []SettingSpec{{
			Name:     "address",
			Summary:  "URL of the API, without a query",
			Required: true,
		}},
		Origins: []OriginSpec{{
			Origin:   "{address}",
			Purpose:  "to read secrets",
			Required: true,
		}},
	}
}

// Fetch reads all documents at once.
func Fetch(references []Reference) []answer {
	answers := make([]answer, len(references))
	address := strings.TrimRight(settings.Get("address").SomeOr(""), "/")
	if address == "" || strings.ContainsAny(address, "?#") {
		text := "the setting `address` must be a URL without a query"
		for index := range answers {
			answers[index] = failed(MakeErrorOther(text))
		}
		return answers
	}
	var requests []http.Request
	var positions []int
	for index, reference := range references {
		if url, ok := url(address, reference); ok {
			requests = append(requests, http.Request{Method: "GET", Url: url})
			positions = append(positions, index)
		} else {
			text := "a path is made of names joined by `/`"
			answers[index] = failed(MakeErrorInvalidReference(text))
		}
	}
	if len(requests) == 0 {
		return answers
	}
	for index, result := range http.SendAll(requests) {
		position := positions[index]
		if result.IsErr() {
			answers[position] = noAnswer(result.Err())
		} else {
			answers[position] = answerOf(references[position], result.Ok())
		}
	}
	return answers
}
