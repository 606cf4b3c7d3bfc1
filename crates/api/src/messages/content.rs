use crate::body;
use crate::problem::{FieldError, Problem};
use domain::Content;
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// The longest text, in characters, as WhatsApp's own clients have it.
const LONGEST_TEXT: usize = 65_536;

/// What to send, by its `type`.
#[derive(ToSchema)]
#[schema(as = ContentIn)]
#[serde(tag = "type", rename_all = "snake_case")]
#[allow(dead_code, reason = "the OpenAPI face of what `read` takes")]
pub(crate) enum ContentIn {
    /// A text.
    Text {
        /// 1 to 65,536 characters.
        #[schema(example = "Hello", min_length = 1, max_length = 65536)]
        text: String,
    },
}

/// Which kind of content it is, whatever else it has.
#[derive(Deserialize)]
struct Tagged {
    #[serde(rename = "type")]
    kind: Kind,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Text,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TextIn {
    #[serde(rename = "type")]
    _kind: Kind,
    text: String,
}

/// Reads the content that stands at `base` of the body: the type first, so that a wrong field is told for that type.
pub(crate) fn read(json: &RawValue, base: &str) -> Result<Content, Problem> {
    let Tagged { kind } = body::parse(json.get().as_bytes(), base)?;
    match kind {
        Kind::Text => {
            let TextIn { text, .. } = body::parse(json.get().as_bytes(), base)?;
            match text.chars().count() {
                0 => Err(at(base, "text", "must not be empty".to_owned())),
                n if n > LONGEST_TEXT => Err(at(base, "text", format!("must have at most {LONGEST_TEXT} characters"))),
                _ => Ok(Content::Text { text }),
            }
        }
    }
}

fn at(base: &str, field: &str, detail: String) -> Problem {
    Problem::invalid(vec![FieldError::at(format!("{base}/{field}"), detail)])
}
