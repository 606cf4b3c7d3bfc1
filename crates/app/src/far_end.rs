//! Which WhatsApp this installation talks to.

use crate::{Config, StartError};
use whatsapp::Endpoint;

/// The WhatsApp that the configuration names; `None` in a sandbox build that uses its embedded one.
pub(crate) fn configured(config: &Config) -> Result<Option<Endpoint>, StartError> {
    #[cfg(not(feature = "sandbox"))]
    {
        let _ = config;
        Ok(Some(Endpoint::production()))
    }
    #[cfg(feature = "sandbox")]
    {
        let Some(url) = &config.whatsapp.url else { return Ok(None) };
        let ca = config.whatsapp.ca.as_ref().map(|path| {
            std::fs::read_to_string(path)
                .map_err(|e| StartError::WhatsApp { setting: "whatsapp.ca", message: format!("{}: {e}", path.display()) })
        });
        loopback(url, ca.transpose()?.as_deref()).map(Some)
    }
}

/// A loopback WhatsApp.
#[cfg(feature = "sandbox")]
pub(crate) fn loopback(url: &str, ca: Option<&str>) -> Result<Endpoint, StartError> {
    Endpoint::loopback(url, ca).map_err(|e| StartError::WhatsApp {
        setting: if e == whatsapp::EndpointError::BadAuthority { "whatsapp.ca" } else { "whatsapp.url" },
        message: e.to_string(),
    })
}
