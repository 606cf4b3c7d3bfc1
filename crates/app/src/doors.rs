//! The API's doors, as they are configured.

use crate::keys::{self, OpenVault};
use crate::{Config, StartError};
use api::{BindError, Certificate, Public, Sockets};

/// Where our own certificate is kept, in the data directory.
const KEPT: &str = "tls.sealed";

/// All sockets that are asked for. A Unix socket that nobody chose is left out where it cannot be made: its path is too long, say.
pub(crate) fn bind(config: &Config) -> Result<Sockets, StartError> {
    let mut sockets = api::bind(&config.api.bind, config.api.port)?;
    if let Some(socket) = &config.api.socket {
        sockets = match api::LocalSocket::bind(&socket.path) {
            Ok(made) => sockets.with_socket(made),
            Err(error @ BindError::Socket { .. }) if !socket.chosen => {
                tracing::warn!("{} Programs reach the API by its port.", error.sentence());
                sockets
            }
            Err(error) => return Err(error.into()),
        };
    }
    if let Some(public) = &config.api.public {
        sockets = sockets.and_public(&public.bind, public.port)?;
    }
    Ok(sockets)
}

/// What other machines are shown, if they are served. A certificate of our own is sealed with the database's key.
pub(crate) async fn public(config: &Config, open: &OpenVault) -> Result<Option<Public>, StartError> {
    let Some(public) = &config.api.public else { return Ok(None) };
    let certificate = match &public.certificate {
        Some((certificate, key)) => Certificate::Given { certificate: certificate.clone(), key: key.clone() },
        None => Certificate::SelfMade {
            names: api::certificate_names(&public.bind, &public.names),
            kept: config.data_dir.join(KEPT),
            seal: keys::existing_ledger_key(open, config).await?,
        },
    };
    tracing::warn!(addresses = ?public.bind, port = public.port, "other machines can reach the API, with TLS and a key");
    Ok(Some(Public { certificate, names: public.names.clone() }))
}
