use utoipa::ToSchema;

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
