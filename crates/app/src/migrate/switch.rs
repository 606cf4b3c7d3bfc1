use super::{MigrateError, Migrated, Moves, Targets};
use crate::Config;
use crate::config::{Origin, Sources, choose};

/// Writes the settings that are ours to write, and tells those that are not.
/// What others have to set is told without passwords.
pub(super) fn switch(
    sources: &Sources,
    targets: &Targets,
    moves: Moves,
    (before, after): (&Config, &Config),
    moved: &mut Migrated,
) -> Result<(), MigrateError> {
    let moving = |setting: &str| if setting == "sessions" { moves.sessions } else { moves.database };
    let told = |setting: &str| {
        let place = if setting == "sessions" { after.sessions.described() } else { after.database.described() };
        format!("{setting} = {place:?}")
    };
    let mut ours = Vec::new();
    for (setting, value) in targets.given().into_iter().filter(|(setting, _)| moving(setting)) {
        match sources.origin(setting) {
            Origin::Ours => ours.push((setting, value.to_owned())),
            origin @ (Origin::Variable(_) | Origin::File(_)) => moved.to_set.push((origin, told(setting))),
        }
    }
    // All or none: an installation with one foot here and one there was never compared.
    if moved.to_set.is_empty() {
        choose(&before.data_dir, &ours).map_err(MigrateError::Settings)?;
        moved.switched = ours.into_iter().map(|(setting, _)| setting.to_owned()).collect();
    } else {
        let rest = ours.into_iter().map(|(setting, _)| (Origin::Ours, told(setting)));
        moved.to_set.extend(rest);
    }
    Ok(())
}
