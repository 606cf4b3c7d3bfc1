//! The loopback WhatsApp inside a sandbox build. Its phones remember their linked devices from one start to the next, as
//! real ones do.

use crate::StartError;
use sandbox::phone::Phones;
use sandbox::{Sandbox, SandboxConfig};
use std::path::Path;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// People to talk to: the phone that is paired, and somebody else.
const PEOPLE: usize = 2;
/// The server keeps its Noise key, so that clients which remember it can resume with it.
const SEED: u64 = 9487;

/// Runs as long as it is held.
#[derive(Debug)]
pub(crate) struct Embedded {
    sandbox: Sandbox,
    phones: Phones,
    keeper: JoinHandle<()>,
    stop: CancellationToken,
}

impl Embedded {
    pub async fn start(data_dir: &Path) -> Result<Self, StartError> {
        let path = data_dir.join("sandbox.json");
        let config = SandboxConfig { seed: Some(SEED), ..SandboxConfig::default() };
        let sandbox = Sandbox::start(config).await.map_err(|e| StartError::Sandbox(e.to_string()))?;
        let phones = Phones::kept_in(sandbox.network().clone(), &path, PEOPLE)
            .await
            .map_err(|e| StartError::Sandbox(format!("{e}; remove {} to begin with fresh phones", path.display())))?;
        let stop = CancellationToken::new();
        let (kept, until) = (phones.clone(), stop.clone());
        let keeper = tokio::spawn(async move {
            if let Err(error) = kept.keep_in(&path, until).await {
                tracing::warn!(%error, "the sandbox's phones will not remember this session");
            }
        });
        Ok(Embedded { sandbox, phones, keeper, stop })
    }

    pub fn url(&self) -> String {
        self.sandbox.url()
    }

    pub fn phones(&self) -> Phones {
        self.phones.clone()
    }

    pub async fn shutdown(self) {
        self.stop.cancel();
        // It writes once more and ends; a panic in there was told already.
        let _ = self.keeper.await;
        drop(self.phones);
        self.sandbox.shutdown().await;
    }
}
