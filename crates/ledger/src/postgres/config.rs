use crate::OpenError;
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use std::fmt;
use std::fs;
use std::path::PathBuf;

/// Where the database is.
#[derive(Clone)]
pub struct PostgresConfig {
    /// `postgres://user:password@host:5432/database?sslmode=verify-full`. A pooler in between has to keep sessions apart: there
    /// are prepared statements, settings of the session, and LISTEN.
    pub url: SecretString,
    /// Holds the password, instead of the URL.
    pub password_file: Option<PathBuf>,
    /// The authority that signs the server's certificate, as PEM. The connection is encrypted then, and the server has to prove
    /// its name, unless the URL's `sslmode` asks for less. `None`: those that the system trusts.
    pub ca: Option<PathBuf>,
    /// Connections of this process for reading; there are up to four more.
    pub connections: u32,
}

impl PostgresConfig {
    pub fn new(url: impl Into<SecretString>) -> Self {
        PostgresConfig { url: url.into(), password_file: None, ca: None, connections: 4 }
    }

    pub(super) fn options(&self) -> Result<PgConnectOptions, OpenError> {
        let url = self.url.expose_secret();
        // The reason is left out: it may quote the password.
        let options: PgConnectOptions = url.parse().map_err(|_| OpenError::Refused("its address is not a URL".into()))?;
        let mut options = options.application_name("whatisup").statement_cache_capacity(256).disable_statement_logging();
        if let Some(path) = &self.password_file {
            let password = fs::read_to_string(path)
                .map_err(|e| OpenError::Refused(format!("the password file {}: {e}", path.display())))?;
            options = options.password(password.trim_end_matches(['\r', '\n']));
        }
        if let Some(ca) = &self.ca {
            options = options.ssl_root_cert(ca);
            if !url.contains("sslmode=") && !url.contains("ssl-mode=") {
                options = options.ssl_mode(PgSslMode::VerifyFull);
            }
        }
        Ok(options)
    }
}

// The URL may hold the password.
impl fmt::Debug for PostgresConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresConfig")
            .field("password_file", &self.password_file)
            .field("ca", &self.ca)
            .field("connections", &self.connections)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_configuration_is_shown_without_its_password() {
        let config = PostgresConfig::new("postgres://ada:s3cret@127.0.0.1/x".to_owned());
        assert!(!format!("{config:?}").contains("s3cret"));
        let wrong = PostgresConfig::new("postgres//ada:s3cret@127.0.0.1/x".to_owned()).options().unwrap_err();
        assert!(!format!("{wrong:?} {wrong} {}", wrong.sentence()).contains("s3cret"));
    }

    #[test]
    fn who_names_an_authority_has_the_server_prove_itself() {
        let mut config = PostgresConfig::new("postgres://ada@127.0.0.1/x".to_owned());
        assert!(matches!(config.options().unwrap().get_ssl_mode(), PgSslMode::Prefer));
        config.ca = Some("/nowhere/ca.pem".into());
        assert!(matches!(config.options().unwrap().get_ssl_mode(), PgSslMode::VerifyFull));
        config.url = "postgres://ada@127.0.0.1/x?sslmode=verify-ca".to_owned().into();
        assert!(matches!(config.options().unwrap().get_ssl_mode(), PgSslMode::VerifyCa));
    }

    #[test]
    fn a_password_may_stand_in_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("password");
        let mut config = PostgresConfig::new("postgres://ada@127.0.0.1/x".to_owned());
        config.password_file = Some(path.clone());
        let told = config.options().unwrap_err().to_string();
        assert!(told.contains("password"), "{told}");
        fs::write(&path, "s3cret\n").unwrap();
        config.options().unwrap();
    }
}
