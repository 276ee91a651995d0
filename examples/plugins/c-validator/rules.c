// A validator with one rule, `licence-key`: groups of four digits joined by `-`.
//
// It imports nothing. Every text that a user may see stands in `rules`, which is asked before
// any value; `validate` answers with a code out of there and can't say anything of the value.
//
// What it is called with belongs to it and is freed here. What it answers with is freed by
// the bindings, so every text of an answer is a copy.

#include <stdlib.h>
#include <string.h>

#include "validator.h"

typedef validator_string_t text;
typedef exports_secret_run_plugin_validation_list_rule_t rules;
typedef exports_secret_run_plugin_validation_rule_t rule;
typedef exports_secret_run_plugin_validation_parameter_spec_t parameter_spec;
typedef exports_secret_run_plugin_validation_violation_t violation;
typedef exports_secret_run_plugin_validation_parameter_t parameter;
typedef exports_secret_run_plugin_validation_list_parameter_t parameters;

enum {
    INTEGER = EXPORTS_SECRET_RUN_PLUGIN_VALIDATION_PARAMETER_KIND_INTEGER,
    DIGITS = 4,
    DEFAULT_GROUPS = 3,
    MOST_GROUPS = 64,
};

static const char MALFORMED[] = "malformed";
static const char WRONG_LENGTH[] = "wrong-length";
static const char INVALID_GROUPS[] = "invalid-groups";

// Memory for `count` things, zeroed. Without memory nothing can be answered: the trap tells
// the host that the plugin failed.
static void *allocate(size_t count, size_t size) {
    void *memory = calloc(count, size);
    if (memory == NULL) {
        __builtin_trap();
    }
    return memory;
}

// A copy of a text that is not empty.
static text copy(const char *string) {
    text copy = {.len = strlen(string)};
    copy.ptr = allocate(copy.len, 1);
    memcpy(copy.ptr, string, copy.len);
    return copy;
}

static bool equals(text text, const char *string) {
    return text.len == strlen(string) && memcmp(text.ptr, string, text.len) == 0;
}

static violation violated(const char *code, const char *message, const char *hint) {
    return (violation){copy(code), copy(message), copy(hint)};
}

// How many groups the manifest asks for. The host has checked that it is an integer.
static int64_t groups_of(const parameters *parameters) {
    for (size_t index = 0; index < parameters->len; index++) {
        const parameter *parameter = &parameters->ptr[index];
        if (equals(parameter->name, "groups")) {
            return parameter->value.val.integer;
        }
    }
    return DEFAULT_GROUPS;
}

static bool has_form(const validator_list_u8_t *value) {
    for (size_t index = 0; index < value->len; index++) {
        uint8_t byte = value->ptr[index];
        bool joins = index % (DIGITS + 1) == DIGITS;
        if (joins ? byte != '-' : byte < '0' || byte > '9') {
            return false;
        }
    }
    return value->len % (DIGITS + 1) == DIGITS;
}

// The code of what is wrong, or nothing.
static const char *judge(int64_t groups, const validator_list_u8_t *value) {
    if (groups < 1 || groups > MOST_GROUPS) {
        return INVALID_GROUPS;
    }
    if (!has_form(value)) {
        return MALFORMED;
    }
    return value->len == (size_t)groups * (DIGITS + 1) - 1 ? NULL : WRONG_LENGTH;
}

void exports_secret_run_plugin_validation_rules(rules *rules) {
    rules->len = 1;
    rules->ptr = allocate(1, sizeof(rule));
    rule *rule = rules->ptr;
    rule->name = copy("licence-key");
    rule->summary = copy("groups of four digits joined by `-`");

    rule->parameters.len = 1;
    rule->parameters.ptr = allocate(1, sizeof(parameter_spec));
    rule->parameters.ptr[0].name = copy("groups");
    rule->parameters.ptr[0].summary = copy("how many groups there are; 3 unless it says another");
    rule->parameters.ptr[0].kind = INTEGER;

    rule->violations.len = 3;
    rule->violations.ptr = allocate(3, sizeof(violation));
    rule->violations.ptr[0] =
        violated(MALFORMED, "is not made of groups of four digits joined by `-`",
                 "copy the whole key, without spaces or line breaks");
    rule->violations.ptr[1] =
        violated(WRONG_LENGTH, "has more or fewer groups of digits than the rule asks for",
                 "copy the whole key, or give the number of its groups as `groups`");
    rule->violations.ptr[2] =
        violated(INVALID_GROUPS, "can't be judged, as `groups` is out of its range",
                 "give a number from 1 to 64 as `groups`");
}

// Writes the code, and answers whether the value is good.
static bool verdict(const char *code, text *error) {
    if (code != NULL) {
        *error = copy(code);
    }
    return code == NULL;
}

bool exports_secret_run_plugin_validation_validate(text *rule, parameters *parameters,
                                                   validator_list_u8_t *value, text *error) {
    const char *code = judge(groups_of(parameters), value);
    // The memory goes back to be used again: no part of a value stays in it.
    explicit_bzero(value->ptr, value->len);
    validator_list_u8_free(value);
    exports_secret_run_plugin_validation_list_parameter_free(parameters);
    validator_string_free(rule);
    return verdict(code, error);
}

bool exports_secret_run_plugin_validation_check_parameters(text *rule, parameters *parameters,
                                                           text *error) {
    int64_t groups = groups_of(parameters);
    exports_secret_run_plugin_validation_list_parameter_free(parameters);
    validator_string_free(rule);
    return verdict(groups < 1 || groups > MOST_GROUPS ? INVALID_GROUPS : NULL, error);
}
