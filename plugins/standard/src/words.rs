//! Words that people put where a secret belongs.

/// Words of placeholders, in lower case. A value that consists of nothing else is no secret.
///
/// They are the words of instructions ("replace with your key"), of examples, and of the things
/// that secrets are for. Not in the list: words that stand in diceware lists and mean nothing here.
#[rustfmt::skip]
const PLACEHOLDER: &[&str] = &[
    // Instructions
    "change", "changed", "replace", "insert", "enter", "put", "add", "set", "fill", "paste",
    "generate", "generated", "choose", "pick", "use", "update", "override", "provide", "goes",
    "please", "must", "should", "be", "me", "this", "that", "it", "with", "by", "to", "from", "in",
    "into", "here", "there", "your", "yours", "you", "my", "our", "own", "the", "an", "a", "is",
    "are", "not", "do", "dont", "and", "or", "for", "of", "on", "at", "least", "before", "after",
    "production", "prod", "deploy", "deployment", "deploying", "commit", "using", "openssl", "rand",
    // Examples
    "example", "examples", "sample", "demo", "dummy", "fake", "mock", "test", "tests", "testing",
    "dev", "devel", "develop", "development", "local", "localhost", "staging", "sandbox", "debug",
    "placeholder", "default", "todo", "tbd", "fixme", "foo", "bar", "baz", "foobar", "temp", "tmp",
    "temporary", "insecure", "unsafe", "notsecret", "notsecure", "none", "null", "nil", "undefined",
    "unset", "empty", "missing", "redacted", "hidden", "masked", "removed", "some", "any",
    "something", "anything", "whatever", "value", "values", "string", "text", "word", "new", "old",
    "real", "actual", "valid", "true",
    // Boasts
    "super", "very", "really", "ultra", "mega", "top", "secure", "secured", "strong", "safe",
    "long", "longer", "random", "randomly", "unique", "complex", "hard", "guess", "unguessable",
    "characters", "character", "chars", "char", "bytes", "byte", "bit", "bits", "minimum", "min",
    "more", "than",
    // What secrets are for
    "secret", "secrets", "password", "passwords", "passwd", "passphrase", "pass", "pwd", "pw",
    "token", "tokens", "key", "keys", "apikey", "api", "app", "application", "auth", "access",
    "authentication", "authorization", "bearer", "private", "public", "client", "server", "service",
    "user", "username", "login", "account", "admin", "administrator", "root", "guest", "db",
    "database", "webhook", "hook", "signing", "signature", "sign", "session", "cookie", "csrf",
    "jwt", "encryption", "encrypt", "encrypted", "hmac", "salt", "pepper", "hash", "master",
    "shared", "credential", "credentials", "id", "url", "uri", "base", "hex", "oauth", "refresh",
    "github", "gitlab", "google", "stripe", "slack", "telegram", "twilio", "sendgrid", "openai",
    "aws", "azure", "postgres", "postgresql", "mysql", "redis", "rabbitmq", "mongo", "mongodb",
    "minio", "minioadmin", "vault", "bot", "org", "organization", "project", "company",
    // Prefixes of real keys, in front of a placeholder
    "sk", "pk", "rk", "live", "whsec", "ghp", "xoxb", "xoxp", "pat", "akia", "hooks", "proj",
    // The passwords that everybody tries first
    "welcome", "letmein", "qwerty", "qwertz", "azerty", "hunter", "trustno", "iloveyou", "dragon",
    "monkey", "hello", "world", "abc", "asdf", "zxcvbn",
];

/// Whether a word, in lower case, consists of words of placeholders, run together or not.
pub(crate) fn is_placeholder_word(word: &str) -> bool {
    PLACEHOLDER.contains(&word) || is_run_of_words(word.as_bytes())
}

/// The length of the longest word in the list that `text` begins with, if it has four letters or
/// more: shorter ones turn up in random text.
pub(crate) fn common_word_at(text: &[u8]) -> Option<usize> {
    let fitting = PLACEHOLDER.iter().filter(|word| word.len() >= 4);
    fitting
        .filter(|word| text.starts_with(word.as_bytes()))
        .map(|word| word.len())
        .max()
}

/// The words that a run may hold although they are short.
const SHORT: [&str; 7] = ["me", "my", "to", "db", "it", "is", "at"];

/// Whether `text` is cut into words of the list without a rest. `cut[n]` tells whether its first
/// `n` bytes are.
fn is_run_of_words(text: &[u8]) -> bool {
    let mut cut = vec![false; text.len() + 1];
    cut[0] = true;
    for start in 0..text.len() {
        if !cut[start] {
            continue;
        }
        for word in PLACEHOLDER
            .iter()
            .filter(|word| word.len() >= 3 || SHORT.contains(word))
        {
            if text[start..].starts_with(word.as_bytes()) {
                cut[start + word.len()] = true;
            }
        }
        // Numbers within: `with32characters`.
        let digits = text[start..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        if start > 0 && (1..=4).contains(&digits) {
            cut[start + digits] = true;
        }
    }
    cut[text.len()]
}
