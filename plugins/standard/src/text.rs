//! What goes wrong with any text on its way from a web page, a file or a shell to here.

use secret_run_sdk::violations;

violations! {
    /// Not even text.
    pub(crate) enum Unreadable {
        Empty => "empty",
            "is empty",
            "Set a value.";
        NotText => "not-text",
            "is not UTF-8 text",
            "Copy the text itself; a binary file or another character encoding does not work.";
    }
}

violations! {
    /// Text with something around it that is no part of it.
    pub(crate) enum Blemish: Unreadable {
        WhiteSpace => "white-space",
            "begins or ends with white space or a line break",
            "Remove it. `echo` ends its output with a line break, `printf %s` does not.";
        Quotes => "quotes",
            "is wrapped in quotation marks",
            "Remove them. Most stores and `docker run --env-file` keep them as part of the value.";
    }
}

/// Text that may begin and end as it likes, such as a file's content.
pub(crate) fn document(value: &[u8]) -> Result<&str, Unreadable> {
    let text = str::from_utf8(value).map_err(|_| Unreadable::NotText)?;
    if text.trim().is_empty() {
        return Err(Unreadable::Empty);
    }
    Ok(text)
}

/// Text on one line, with nothing around it.
pub(crate) fn line(value: &[u8]) -> Result<&str, Blemish> {
    let text = document(value)?;
    if text.trim() != text {
        return Err(Blemish::WhiteSpace);
    }
    let quoted = |quote| text.len() > 1 && text.starts_with(quote) && text.ends_with(quote);
    if quoted('"') || quoted('\'') {
        return Err(Blemish::Quotes);
    }
    Ok(text)
}
