use std::sync::Arc;

/// What every route works with.
#[derive(Clone)]
pub(crate) struct Api(pub(crate) Arc<()>);
