//! `/v1/settings`: what the user chose in the application, kept in the ledger.

pub(crate) mod patch;
pub(crate) mod show;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The ledger's name for the settings.
pub(crate) const SETTING: &str = "settings";

/// What the user chose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Settings {
    #[schema(required)]
    pub notifications: Notifications,
}

/// Which kinds of desktop notification are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Notifications {
    /// A channel was linked.
    #[schema(required)]
    pub paired: bool,
    /// A channel is disconnected, and why.
    #[schema(required)]
    pub disconnected: bool,
    /// A channel has been reconnecting for long.
    #[schema(required)]
    pub stuck: bool,
    /// A channel keeps losing its connection.
    #[schema(required)]
    pub flapping: bool,
    /// A stuck or flapping channel is connected again.
    #[schema(required)]
    pub recovered: bool,
    /// A webhook was paused because it failed for long, or its receiver is gone.
    #[schema(required)]
    pub webhooks: bool,
    /// A message could not be sent and waits for somebody.
    #[schema(required)]
    pub failed: bool,
    /// A program asks to be let in, or many keys that open nothing were tried. The window opens in any case.
    #[schema(required)]
    pub apps: bool,
    /// An app proposes a message. The window opens in any case.
    #[schema(required)]
    pub asks: bool,
}

impl Default for Notifications {
    fn default() -> Self {
        Notifications {
            paired: true,
            disconnected: true,
            stuck: true,
            flapping: true,
            recovered: true,
            webhooks: true,
            failed: true,
            apps: true,
            asks: true,
        }
    }
}
