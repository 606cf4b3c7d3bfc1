//! The whole log as one file: an entry a line, the oldest first, each with what was hashed.

use super::out::AuditEntryOut;
use crate::api::Api;
use crate::guard::Caller;
use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::stream;
use ledger::{AuditQuery, Audited, LedgerError};
use serde::Serialize;

pub(super) const NDJSON: &str = "application/x-ndjson";
/// Entries that are held at once.
const PAGE: u32 = 500;

#[derive(Debug, thiserror::Error)]
enum BrokenOff {
    #[error(transparent)]
    Ledger(LedgerError),
    #[error("who asked for it may not read it any more")]
    Gone,
}

#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    entry: AuditEntryOut,
    /// `hash` is SHA-256 of this text.
    canonical: &'a str,
}

/// What `query` takes, whatever its place and limit are, for as long as who asked may read it.
pub(super) fn answer(api: Api, caller: Caller, query: AuditQuery) -> Response {
    let name = format!("whatisup-audit-{}.ndjson", api.now().to_string().split('T').next().unwrap_or_default());
    let first = Some(AuditQuery { before: None, after: Some(0), limit: PAGE, ..query });
    let pages = stream::unfold((api, caller, first), |(api, caller, query)| async move {
        let query = query?;
        let page = api.ledger.audit_page(&query).await.map_err(BrokenOff::Ledger);
        match page.and_then(|page| if caller.is_gone() { Err(BrokenOff::Gone) } else { Ok(page) }) {
            Ok(page) => {
                let next = page.next.map(|after| AuditQuery { after: Some(after), ..query });
                Some((Ok(lines(&page.entries)), (api, caller, next)))
            }
            // The answer breaks off, so that what came of it is not taken for the whole.
            Err(error) => {
                tracing::warn!(%error, "an export of the audit log broke off");
                Some((Err(error), (api, caller, None)))
            }
        }
    });
    let headers =
        [(header::CONTENT_TYPE, NDJSON.to_owned()), (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\""))];
    (headers, Body::from_stream(pages)).into_response()
}

fn lines(entries: &[Audited]) -> Bytes {
    let mut text = Vec::new();
    for audited in entries {
        let line = Line { entry: AuditEntryOut::from(audited), canonical: &audited.canonical };
        serde_json::to_writer(&mut text, &line).expect("only string keys and plain values");
        text.push(b'\n');
    }
    Bytes::from(text)
}
