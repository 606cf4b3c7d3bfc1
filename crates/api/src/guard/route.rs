use super::need::Need;
use super::permitted::permitted;
use crate::api::Api;
use axum::middleware::from_fn_with_state;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

/// The extension of the OpenAPI document that tells what a route needs.
pub(crate) const EXTENSION: &str = "x-permission";

/// A handler together with what it needs. Only these are mounted, and [`permit!`] is how one is made: a handler cannot be
/// served without its permission being declared, enforced and described.
pub(crate) struct Route {
    methods: UtoipaMethodRouter<Api>,
}

impl Route {
    pub fn new((schemas, mut paths, methods): UtoipaMethodRouter<Api>, need: Need) -> Self {
        for operation in paths.paths.values_mut().flat_map(operations) {
            operation.extensions.get_or_insert_with(Extensions::default).insert(EXTENSION.to_owned(), need.to_json());
        }
        Route { methods: (schemas, paths, methods.route_layer(from_fn_with_state(need, permitted))) }
    }

    pub fn mount(self, router: OpenApiRouter<Api>) -> OpenApiRouter<Api> {
        router.routes(self.methods)
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, delete, options, head, patch, trace, query, .. } = item;
    [get, put, post, delete, options, head, patch, trace, query].into_iter().flatten()
}

/// Declares, beside a handler, what it needs: `permit!(list: Need::scope(Scope::ChannelsRead));`. Makes `route()`, which
/// `routes.rs` mounts.
macro_rules! permit {
    ($handler:ident: $need:expr) => {
        /// The handler behind what it needs.
        pub(crate) fn route() -> $crate::guard::Route {
            $crate::guard::Route::new(utoipa_axum::routes!($handler), $need)
        }
    };
}
pub(crate) use permit;
