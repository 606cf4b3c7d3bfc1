use crate::far_end;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use domain::Actor;
use std::convert::Infallible;

/// Who changes access by this request, and from where: what the audit log keeps of it.
pub(crate) struct By(access::By);

impl<S: Send + Sync> FromRequestParts<S> for By {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let actor = parts.extensions.get::<Actor>().cloned().unwrap_or(Actor::Nobody);
        Ok(By(access::By::new(actor, Some(far_end::known(parts)))))
    }
}

impl From<By> for access::By {
    fn from(by: By) -> Self {
        by.0
    }
}
