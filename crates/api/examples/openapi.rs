//! Prints the OpenAPI document: `cargo run -q -p api --example openapi > docs/openapi.json`.

use std::io::Write as _;

fn main() -> std::io::Result<()> {
    std::io::stdout().write_all(api::document().as_bytes())
}
