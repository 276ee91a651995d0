// A validator with one rule, `licence-key`: groups of four digits joined by `-`.
//
// It imports nothing. Every text that a user may see stands in `rules`, which is asked before
// any value; `validate` answers with a code out of there and can't say anything of the value.

const DIGITS = 4;
const DEFAULT_GROUPS = 3n;
const MOST_GROUPS = 64n;

const RULES = [
  {
    name: 'licence-key',
    summary: 'groups of four digits joined by `-`',
    parameters: [
      {
        name: 'groups',
        summary: 'how many groups there are; 3 unless it says another',
        kind: 'integer',
        required: false,
        choices: [],
      },
    ],
    violations: [
      {
        code: 'malformed',
        message: 'is not made of groups of four digits joined by `-`',
        hint: 'copy the whole key, without spaces or line breaks',
      },
      {
        code: 'wrong-length',
        message: 'has more or fewer groups of digits than the rule asks for',
        hint: 'copy the whole key, or give the number of its groups as `groups`',
      },
      {
        code: 'invalid-groups',
        message: "can't be judged, as `groups` is out of its range",
        hint: 'give a number from 1 to 64 as `groups`',
      },
    ],
  },
];

/// How many groups the manifest asks for. The host has checked that it is an integer.
function groupsOf(parameters) {
  const groups = parameters.find(({ name }) => name === 'groups');
  return groups === undefined ? DEFAULT_GROUPS : groups.value.val;
}

function hasForm(value) {
  const fits = (byte, index) =>
    index % (DIGITS + 1) === DIGITS
      ? byte === 0x2d
      : byte >= 0x30 && byte <= 0x39;
  return value.every(fits) && value.length % (DIGITS + 1) === DIGITS;
}

/// A code that is thrown is the answer.
function checkParameters(_rule, parameters) {
  const groups = groupsOf(parameters);
  if (groups < 1n || groups > MOST_GROUPS) {
    throw 'invalid-groups';
  }
}

function validate(rule, parameters, value) {
  checkParameters(rule, parameters);
  if (!hasForm(value)) {
    throw 'malformed';
  }
  if (value.length !== Number(groupsOf(parameters)) * (DIGITS + 1) - 1) {
    throw 'wrong-length';
  }
}

export const validation = { rules: () => RULES, validate, checkParameters };
