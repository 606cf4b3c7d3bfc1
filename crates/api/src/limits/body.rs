use super::streams::Stream;
use axum::body::Body;
use axum::http::{HeaderMap, header};
use futures::StreamExt as _;

/// Whether an answer goes on until somebody ends it.
pub(super) fn is_stream(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"))
}

/// The same answer, counted as long as it is open.
pub(super) fn counted(body: Body, stream: Stream) -> Body {
    let mut pieces = body.into_data_stream();
    Body::from_stream(futures::stream::poll_fn(move |cx| {
        let _open = &stream;
        pieces.poll_next_unpin(cx)
    }))
}
