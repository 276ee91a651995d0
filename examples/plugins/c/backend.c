// A backend that reads documents from an HTTP API: GET {address}/secrets/PATH.
//
// It sends its requests through the host, which allows only the origins of the manifest and
// adds the credential. Its texts say what happened, and never what the server sent.
//
// What it is called with belongs to it and is freed here. What it answers with is freed by
// the bindings, so every text of an answer is a copy.

#include <stdlib.h>
#include <string.h>

#include "backend_only.h"

// The bindings' names say from which interface they are; these are the ones used most.
typedef backend_only_string_t text;
typedef exports_secret_run_plugin_backend_reference_t reference;
typedef exports_secret_run_plugin_backend_list_reference_t references;
typedef exports_secret_run_plugin_backend_result_document_error_t result;
typedef exports_secret_run_plugin_backend_list_result_document_error_t results;
typedef exports_secret_run_plugin_backend_error_t error;
typedef exports_secret_run_plugin_backend_profile_t profile;
typedef secret_run_plugin_http_request_t request;
typedef secret_run_plugin_http_response_t response;
typedef secret_run_plugin_http_http_error_t http_error;
typedef secret_run_plugin_http_result_response_http_error_t http_result;
typedef secret_run_plugin_http_list_result_response_http_error_t http_results;

enum {
    NOT_FOUND = EXPORTS_SECRET_RUN_PLUGIN_BACKEND_ERROR_NOT_FOUND,
    ACCESS_DENIED = EXPORTS_SECRET_RUN_PLUGIN_BACKEND_ERROR_ACCESS_DENIED,
    UNAUTHENTICATED = EXPORTS_SECRET_RUN_PLUGIN_BACKEND_ERROR_UNAUTHENTICATED,
    INVALID_REFERENCE = EXPORTS_SECRET_RUN_PLUGIN_BACKEND_ERROR_INVALID_REFERENCE,
    UNAVAILABLE = EXPORTS_SECRET_RUN_PLUGIN_BACKEND_ERROR_UNAVAILABLE,
    OTHER = EXPORTS_SECRET_RUN_PLUGIN_BACKEND_ERROR_OTHER,
};

// Memory for `count` things, zeroed; none for no things, as the bindings free none then.
// Without memory nothing can be answered: the trap tells the host that the plugin failed.
static void *allocate(size_t count, size_t size) {
    if (count == 0) {
        return NULL;
    }
    void *memory = calloc(count, size);
    if (memory == NULL) {
        __builtin_trap();
    }
    return memory;
}

// `before`, which is not empty, then the text of the host.
static text joined(const char *before, text host) {
    size_t len = strlen(before);
    text joined = {allocate(len + host.len, 1), len + host.len};
    memcpy(joined.ptr, before, len);
    if (host.len > 0) {
        memcpy(joined.ptr + len, host.ptr, host.len);
    }
    return joined;
}

static text copy(const char *string) {
    return joined(string, (text){0});
}

static bool equals(text text, const char *string) {
    return text.len == strlen(string) && memcmp(text.ptr, string, text.len) == 0;
}

// A failed answer that says `why`. The text stands at the same place in each of the cases.
static result failed(uint8_t tag, text why) {
    result result = {.is_err = true};
    result.val.err.tag = tag;
    switch (tag) {
    case ACCESS_DENIED:
        result.val.err.val.access_denied = why;
        break;
    case UNAUTHENTICATED:
        result.val.err.val.unauthenticated = why;
        break;
    case INVALID_REFERENCE:
        result.val.err.val.invalid_reference = why;
        break;
    case UNAVAILABLE:
        result.val.err.val.unavailable.text = why;
        break;
    default:
        result.val.err.val.other = why;
    }
    return result;
}

static bool is_plain(uint8_t byte) {
    return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
           (byte >= '0' && byte <= '9') || (byte != 0 && strchr("-._~", byte) != NULL);
}

// Appends `text` to `url`, with `%XX` for what a part of a URL does not keep as it is.
// `/` stands between the names of a path, and is kept there.
static uint8_t *encode(uint8_t *url, text text, bool is_path) {
    static const char digits[] = "0123456789ABCDEF";
    for (size_t index = 0; index < text.len; index++) {
        uint8_t byte = text.ptr[index];
        if (is_plain(byte) || (is_path && byte == '/')) {
            *url++ = byte;
        } else {
            *url++ = '%';
            *url++ = digits[byte >> 4];
            *url++ = digits[byte & 15];
        }
    }
    return url;
}

static uint8_t *append(uint8_t *url, const void *bytes, size_t len) {
    memcpy(url, bytes, len);
    return url + len;
}

// Whether a document can have this path. `.` and `..` would be taken out of the URL on its
// way, and another document would be read.
static bool is_path(text path) {
    size_t start = 0;
    for (size_t end = 0; end <= path.len; end++) {
        if (end < path.len && path.ptr[end] != '/') {
            continue;
        }
        text segment = {path.ptr + start, end - start};
        if (segment.len == 0 || equals(segment, ".") || equals(segment, "..")) {
            return false;
        }
        start = end + 1;
    }
    return true;
}

static text url(text address, const reference *reference) {
    static const char folder[] = "/secrets/";
    static const char query[] = "?version=";
    size_t version = reference->version.is_some ? reference->version.val.len : 0;
    // An encoded byte takes three.
    size_t most = address.len + sizeof folder + sizeof query +
                  3 * (reference->path.len + version);
    text url = {.ptr = allocate(most, 1)};
    uint8_t *end = append(url.ptr, address.ptr, address.len);
    end = append(end, folder, sizeof folder - 1);
    end = encode(end, reference->path, true);
    if (reference->version.is_some) {
        end = append(end, query, sizeof query - 1);
        end = encode(end, reference->version.val, false);
    }
    url.len = (size_t)(end - url.ptr);
    return url;
}

// The first value of a header, or nothing.
static text *header(response *response, const char *name) {
    for (size_t index = 0; index < response->headers.len; index++) {
        if (equals(response->headers.ptr[index].name, name)) {
            return &response->headers.ptr[index].value;
        }
    }
    return NULL;
}

// The seconds of `retry-after` in milliseconds. A date there is not read: the clock that it
// is for is not lent to plugins.
static backend_only_option_u64_t retry_after(response *response) {
    backend_only_option_u64_t none = {.is_some = false};
    text *value = header(response, "retry-after");
    if (value == NULL || value->len == 0 || value->len > 9) {
        return none;
    }
    uint64_t seconds = 0;
    for (size_t index = 0; index < value->len; index++) {
        uint8_t digit = value->ptr[index];
        if (digit < '0' || digit > '9') {
            return none;
        }
        seconds = 10 * seconds + (digit - '0');
    }
    return (backend_only_option_u64_t){.is_some = true, .val = 1000 * seconds};
}

// The document of a response. Its body and version are moved, not copied.
static result document(response *response) {
    result result = {.is_err = false};
    result.val.ok.bytes = response->body;
    response->body = (backend_only_list_u8_t){0};
    text *version = header(response, "x-version");
    if (version != NULL) {
        result.val.ok.version.is_some = true;
        result.val.ok.version.val = *version;
        *version = (text){0};
    }
    return result;
}

// Whether it is the version that was asked for, if one was. A server that has no versions may
// answer all the same, with another document.
static bool has_version(response *response, const reference *reference) {
    if (!reference->version.is_some) {
        return true;
    }
    const text *found = header(response, "x-version");
    text asked = reference->version.val;
    return found != NULL && found->len == asked.len &&
           (asked.len == 0 || memcmp(found->ptr, asked.ptr, asked.len) == 0);
}

static result answer(response *response, const reference *reference) {
    switch (response->status) {
    case 200:
        if (!has_version(response, reference)) {
            return failed(INVALID_REFERENCE, copy("the server did not answer with this version"));
        }
        return document(response);
    case 401:
        return failed(UNAUTHENTICATED, copy("the server asks for another credential"));
    case 403:
        return failed(ACCESS_DENIED, copy("the credential may not read this path"));
    case 404:
        return (result){.is_err = true, .val.err.tag = NOT_FOUND};
    }
    // By hand, as `snprintf` would bring in the files of WASI, which no host lends to a plugin.
    char digits[] = "00000";
    size_t start = sizeof digits - 1;
    unsigned rest = response->status;
    do {
        digits[--start] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    text status = {(uint8_t *)digits + start, sizeof digits - 1 - start};
    text why = joined("the server answered with status ", status);
    if (response->status != 429 && (response->status < 500 || response->status > 599)) {
        return failed(OTHER, why);
    }
    result result = failed(UNAVAILABLE, why);
    result.val.err.val.unavailable.retry_after_ms = retry_after(response);
    return result;
}

// Why there is no response. The host's own texts may be passed on.
static result no_answer(const http_error *error) {
    switch (error->tag) {
    case SECRET_RUN_PLUGIN_HTTP_HTTP_ERROR_DENIED:
        return failed(OTHER, joined("the request is not allowed: ", error->val.denied));
    case SECRET_RUN_PLUGIN_HTTP_HTTP_ERROR_INVALID:
        return failed(OTHER, joined("the request can't be sent: ", error->val.invalid));
    case SECRET_RUN_PLUGIN_HTTP_HTTP_ERROR_UNREACHABLE:
        return failed(UNAVAILABLE,
                      joined("the server can't be reached: ", error->val.unreachable));
    case SECRET_RUN_PLUGIN_HTTP_HTTP_ERROR_TIMEOUT:
        return failed(UNAVAILABLE, copy("the server did not answer in time"));
    case SECRET_RUN_PLUGIN_HTTP_HTTP_ERROR_TOO_LARGE:
        return failed(OTHER, copy("the document is too large"));
    default:
        return failed(UNAVAILABLE, joined("the connection broke: ", error->val.broken));
    }
}

// Sends one request for each reference that is one, all at once, and writes the answers.
static void read_all(text address, const references *references, results *answers) {
    secret_run_plugin_http_list_request_t requests = {
        .ptr = allocate(references->len, sizeof(request)),
    };
    size_t *positions = allocate(references->len, sizeof *positions);
    for (size_t index = 0; index < references->len; index++) {
        if (!is_path(references->ptr[index].path)) {
            text why = copy("a path is made of names joined by `/`");
            answers->ptr[index] = failed(INVALID_REFERENCE, why);
            continue;
        }
        positions[requests.len] = index;
        request *request = &requests.ptr[requests.len++];
        request->method = copy("GET");
        request->url = url(address, &references->ptr[index]);
    }
    if (requests.len > 0) {
        http_results responses;
        secret_run_plugin_http_send_all(&requests, &responses);
        for (size_t index = 0; index < responses.len; index++) {
            http_result *response = &responses.ptr[index];
            size_t position = positions[index];
            answers->ptr[position] =
                response->is_err ? no_answer(&response->val.err)
                                 : answer(&response->val.ok, &references->ptr[position]);
        }
        secret_run_plugin_http_list_result_response_http_error_free(&responses);
    }
    for (size_t index = 0; index < requests.len; index++) {
        secret_run_plugin_http_request_free(&requests.ptr[index]);
    }
    free(requests.ptr);
    free(positions);
}

void exports_secret_run_plugin_backend_fetch(references *references, results *answers) {
    answers->len = references->len;
    answers->ptr = allocate(references->len, sizeof(result));
    text key = copy("address");
    text address = {0};
    bool given = secret_run_plugin_settings_get(&key, &address);
    size_t whole = address.len;
    while (address.len > 0 && address.ptr[address.len - 1] == '/') {
        address.len--;
    }
    bool good = given && address.len > 0 && memchr(address.ptr, '?', address.len) == NULL &&
                memchr(address.ptr, '#', address.len) == NULL;
    if (good) {
        read_all(address, references, answers);
    } else {
        for (size_t index = 0; index < answers->len; index++) {
            text why = copy("the setting `address` must be a URL without a query");
            answers->ptr[index] = failed(OTHER, why);
        }
    }
    if (whole > 0) {
        free(address.ptr);
    }
    backend_only_string_free(&key);
    exports_secret_run_plugin_backend_list_reference_free(references);
}

void exports_secret_run_plugin_backend_about(profile *profile) {
    profile->summary = copy("documents of an HTTP API");
    profile->settings.len = 1;
    profile->settings.ptr = allocate(1, sizeof *profile->settings.ptr);
    profile->settings.ptr[0].name = copy("address");
    profile->settings.ptr[0].summary = copy("URL of the API, without a query");
    profile->settings.ptr[0].required = true;
    profile->origins.len = 1;
    profile->origins.ptr = allocate(1, sizeof *profile->origins.ptr);
    profile->origins.ptr[0].origin = copy("{address}");
    profile->origins.ptr[0].purpose = copy("to read secrets");
    profile->origins.ptr[0].required = true;
}
