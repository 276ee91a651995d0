"""A validator with one rule, `licence-key`: groups of four digits joined by `-`.

It imports nothing. Every text that a user may see stands in `rules`, which is asked before any
value; `validate` answers with a code out of there and can't say anything of the value.
"""

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.validation import (
    Parameter,
    ParameterKind,
    ParameterSpec,
    Rule,
    Violation,
)

DIGITS = 4
DEFAULT_GROUPS = 3
MOST_GROUPS = 64

RULES = [
    Rule(
        name="licence-key",
        summary="groups of four digits joined by `-`",
        parameters=[
            ParameterSpec(
                name="groups",
                summary="how many groups there are; 3 unless it says another",
                kind=ParameterKind.INTEGER,
                required=False,
                choices=[],
            )
        ],
        violations=[
            Violation(
                code="malformed",
                message="is not made of groups of four digits joined by `-`",
                hint="copy the whole key, without spaces or line breaks",
            ),
            Violation(
                code="wrong-length",
                message="has more or fewer groups of digits than the rule asks for",
                hint="copy the whole key, or give the number of its groups as `groups`",
            ),
            Violation(
                code="invalid-groups",
                message="can't be judged, as `groups` is out of its range",
                hint="give a number from 1 to 64 as `groups`",
            ),
        ],
    )
]


def groups_of(parameters: list[Parameter]) -> int:
    """How many groups the manifest asks for. The host has checked that it is an integer."""
    given = (parameter.value.value for parameter in parameters if parameter.name == "groups")
    return next(given, DEFAULT_GROUPS)


def has_form(value: bytes) -> bool:
    groups = value.split(b"-")
    return all(len(group) == DIGITS and group.isdigit() for group in groups)


class Validation(exports.Validation):
    """An error that is raised is the answer."""

    def rules(self) -> list[Rule]:
        return RULES

    def check_parameters(self, rule: str, parameters: list[Parameter]) -> None:
        if not 1 <= groups_of(parameters) <= MOST_GROUPS:
            raise Err("invalid-groups")

    def validate(self, rule: str, parameters: list[Parameter], value: bytes) -> None:
        self.check_parameters(rule, parameters)
        if not has_form(value):
            raise Err("malformed")
        if len(value.split(b"-")) != groups_of(parameters):
            raise Err("wrong-length")
