//! The names under which the desktop knows this build, so that a sandbox, a development build and the real thing can run
//! side by side.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// What people read.
    pub name: &'static str,
    /// What the desktop's buses and folders are named after.
    pub identifier: &'static str,
    /// Autostart entry.
    pub autostart: &'static str,
}

pub const IDENTITY: Identity = if app::SANDBOX {
    Identity { name: "WhatIsUp (sandbox)", identifier: "org.whatisup.WhatIsUp.Sandbox", autostart: "whatisup-sandbox" }
} else if cfg!(debug_assertions) {
    Identity { name: "WhatIsUp (dev)", identifier: "org.whatisup.WhatIsUp.Dev", autostart: "whatisup-dev" }
} else {
    Identity { name: "WhatIsUp", identifier: "org.whatisup.WhatIsUp", autostart: "whatisup" }
};

/// The name that only one running instance may own. A data directory chosen by flag is an instance of its own.
pub fn instance(data_dir: Option<&Path>) -> String {
    let Some(dir) = data_dir else { return IDENTITY.identifier.to_owned() };
    let dir = std::path::absolute(dir).unwrap_or_else(|_| dir.to_path_buf());
    let mut hasher = DefaultHasher::new();
    dir.hash(&mut hasher);
    format!("{}.at{:016x}", IDENTITY.identifier, hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_data_directory_has_its_own_instance() {
        assert_eq!(instance(None), IDENTITY.identifier);
        assert_eq!(instance(Some(Path::new("/a"))), instance(Some(Path::new("/a/"))));
        assert_ne!(instance(Some(Path::new("/a"))), instance(Some(Path::new("/b"))));
    }
}
