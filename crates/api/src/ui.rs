//! The built dashboard, embedded in the binary (read from the source tree in debug builds).

use crate::html;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../ui/dist"]
#[allow_missing = true]
struct Built;

const PAGE: &str = "index.html";

/// The file at `path`, or `None`. The page is at `/` alone (and under its own name): where one is in it stands behind
/// the `#`, so no other address belongs to it.
pub(crate) fn answer(path: &str, headers: &HeaderMap) -> Option<Response> {
    let name = match path.strip_prefix('/')? {
        "" => PAGE,
        name => name,
    };
    match Built::get(name) {
        Some(file) => Some(serve(name, file, headers)),
        None => (name == PAGE).then(not_built),
    }
}

fn serve(name: &str, file: rust_embed::EmbeddedFile, headers: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", hex(&file.metadata.sha256_hash()[..12]));
    // Vite names what lies in assets/ by its content.
    let caching = if name.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut kind = mime_guess::from_path(name).first_or_octet_stream().to_string();
    if kind.starts_with("text/") {
        kind.push_str("; charset=utf-8");
    }
    // The type goes with the 304 too: the policy of the page depends on it, and the browser takes this answer's.
    let about = [(header::ETAG, tag.clone()), (header::CACHE_CONTROL, caching.to_owned()), (header::CONTENT_TYPE, kind)];
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, about).into_response();
    }
    (about, file.data).into_response()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn not_built() -> Response {
    let body = "<h1>The dashboard is not built</h1>\n<p>The API runs. To have the dashboard here as well, build it and start again:</p>\n\
                <pre>make ui</pre>\n<p>The API's reference is at <a href=\"/docs\">/docs</a>.</p>";
    html::page("Dashboard", body).into_response()
}
