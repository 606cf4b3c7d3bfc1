use super::MigrateError;

/// Where things are to be from now on, as the settings of the same names say it; `None`: where they are.
#[derive(Clone, Default)]
pub struct Targets {
    pub sessions: Option<String>,
    pub database: Option<String>,
    /// What is there from another time makes room.
    pub replace: bool,
}

impl Targets {
    /// Takes addresses out of files where `@FILE` is given.
    pub(super) fn read(&self) -> Result<Targets, MigrateError> {
        let read = |setting: &'static str, given: &Option<String>| match given.as_deref() {
            None => Ok(None),
            Some(text) => match text.strip_prefix('@') {
                Some(path) => {
                    let text = std::fs::read_to_string(path).map_err(|e| MigrateError::Unreadable(path.to_owned(), e))?;
                    Ok(Some(text.trim().to_owned()))
                }
                None if has_password(text) => Err(MigrateError::PasswordInTheOpen { setting }),
                None => Ok(Some(text.to_owned())),
            },
        };
        Ok(Targets {
            sessions: read("--sessions", &self.sessions)?,
            database: read("--database", &self.database)?,
            replace: self.replace,
        })
    }

    pub(super) fn given(&self) -> Vec<(&'static str, &str)> {
        let all = [("sessions", &self.sessions), ("database", &self.database)];
        all.into_iter().filter_map(|(setting, value)| Some((setting, value.as_deref()?))).collect()
    }
}

fn has_password(url: &str) -> bool {
    let credentials = url.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@')).map(|(credentials, _)| credentials);
    credentials.is_some_and(|user| user.split_once(':').is_some_and(|(_, password)| !password.is_empty()))
}

impl std::fmt::Debug for Targets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Addresses may hold passwords.
        f.debug_struct("Targets")
            .field("sessions", &self.sessions.is_some())
            .field("database", &self.database.is_some())
            .finish()
    }
}
