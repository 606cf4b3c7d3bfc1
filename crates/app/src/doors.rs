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

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{RunArgs, Sources};
    use std::path::Path;

    fn config(data_dir: &Path, env: &[(&str, String)]) -> Config {
        let args = RunArgs { data_dir: Some(data_dir.to_owned()), ..RunArgs::default() };
        let port = [("WHATISUP_API_PORT", "0".to_owned()), ("WHATISUP_API_BIND", "127.0.0.1".to_owned())];
        let env = port.iter().chain(env).map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        Config::load(&Sources { args, env, ..Sources::default() }).unwrap()
    }

    #[tokio::test]
    async fn a_socket_that_nobody_chose_does_not_keep_the_application_from_starting() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("x".repeat(120));
        std::fs::create_dir(&deep).unwrap();
        drop(bind(&config(&deep, &[])).unwrap());
        assert!(!deep.join("api.sock").exists());
        let chosen = ("WHATISUP_API_SOCKET_PATH", deep.join("api.sock").display().to_string());
        let error = bind(&config(&deep, &[chosen])).unwrap_err();
        assert_eq!(error.code(), "socket_unusable");
        assert!(error.to_string().contains("too long"), "{error}");
    }

    #[tokio::test]
    async fn a_socket_at_which_somebody_answers_does() {
        let dir = tempfile::tempdir().unwrap();
        let _alive = std::os::unix::net::UnixListener::bind(dir.path().join("api.sock")).unwrap();
        let error = bind(&config(dir.path(), &[])).unwrap_err();
        assert_eq!((error.code(), error.title()), ("socket_unusable", "The socket of the local API cannot be used"));
    }
}
