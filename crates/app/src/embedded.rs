//! The loopback WhatsApp inside a sandbox build.

use crate::StartError;
use sandbox::phone::Phones;
use sandbox::{Sandbox, SandboxConfig};

/// People to talk to: the phone that is paired, and somebody else.
const PEOPLE: usize = 2;

/// Runs as long as it is held.
#[derive(Debug)]
pub(crate) struct Embedded {
    sandbox: Sandbox,
    phones: Phones,
}

impl Embedded {
    pub async fn start() -> Result<Self, StartError> {
        let failed = |e: &dyn std::fmt::Display| StartError::Sandbox(e.to_string());
        let sandbox = Sandbox::start(SandboxConfig::default()).await.map_err(|e| failed(&e))?;
        let phones = Phones::with_people(sandbox.network().clone(), PEOPLE).await.map_err(|e| failed(&e))?;
        Ok(Embedded { sandbox, phones })
    }

    pub fn url(&self) -> String {
        self.sandbox.url()
    }

    pub fn phones(&self) -> Phones {
        self.phones.clone()
    }

    pub async fn shutdown(self) {
        self.sandbox.shutdown().await;
    }
}
