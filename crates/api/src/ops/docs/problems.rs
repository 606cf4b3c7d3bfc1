use crate::html::escape;
use crate::problem::Code;
use std::fmt::Write as _;

/// Every problem with its code: what the `type` of a problem points to.
pub(super) fn render() -> String {
    let mut out = String::from(
        "<p><a href=\"/docs\">API</a></p><h1>Problems</h1>\n<p>Whatever goes wrong is answered as <code>application/problem+json</code> \
         (RFC 9457). Act on <code>code</code>; <code>detail</code> is for people; <code>errors</code> names wrong fields.</p>\n",
    );
    for code in Code::ALL {
        // Writing to a string does not fail.
        let _ = writeln!(
            out,
            "<section class=\"entry\" id=\"{}\"><h3>{} <span class=\"quiet\">{}</span></h3><p><code>{}</code></p><p>{}</p></section>",
            code.as_str(),
            escape(code.title()),
            code.status().as_u16(),
            code.as_str(),
            escape(code.sentence()),
        );
    }
    out
}
