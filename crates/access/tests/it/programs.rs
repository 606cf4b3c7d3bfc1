//! Programs that are let in by their file.
#![cfg(unix)]

use crate::ground::{Ground, all_of, person};
use access::{AppPatch, Error, NewApp};
use domain::Scope;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

#[tokio::test]
async fn a_program_comes_in_while_its_file_can_be_trusted() {
    let ground = Ground::new().await;
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().canonicalize().unwrap();
    let program = dir.join("till");
    std::fs::write(&program, "").unwrap();
    let mode = |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    mode(&dir, 0o700);
    mode(&program, 0o755);
    let us = std::fs::metadata(&program).unwrap().uid();
    let new = NewApp {
        name: "Till".into(),
        permits: all_of(&[Scope::EventsRead]),
        programs: vec![program.clone()],
        ..NewApp::default()
    };
    let (app, _) = ground.made(new.clone()).await;

    let grantee = ground.access.peer(&program, us).unwrap();
    assert_eq!((grantee.app, grantee.key), (app.id, None));
    assert!(ground.access.peer(&program, us + 1).is_none(), "another user's process of the same file");
    assert!(ground.access.peer(&dir.join("other"), us).is_none());
    mode(&program, 0o777);
    assert!(ground.access.peer(&program, us).is_none(), "anybody could have written it");
    mode(&program, 0o755);
    assert!(ground.access.peer(&program, us).is_some());

    // One program is one app.
    assert_eq!(ground.access.create_app(new, person()).await.unwrap_err(), Error::ProgramTaken);
    let (other, _) =
        ground.made(NewApp { name: "Other".into(), permits: all_of(&[Scope::EventsRead]), ..NewApp::default() }).await;
    let too = AppPatch { programs: Some(vec![program.clone()]), ..AppPatch::default() };
    assert_eq!(ground.access.patch_app(other.id, too.clone(), person()).await, Err(Error::ProgramTaken));

    let out = AppPatch { programs: Some(vec![]), ..AppPatch::default() };
    ground.access.patch_app(app.id, out, person()).await.unwrap();
    assert!(grantee.gone.is_cancelled() && ground.access.peer(&program, us).is_none());
    ground.access.patch_app(other.id, too, person()).await.unwrap();
    assert_eq!(ground.access.peer(&program, us).unwrap().app, other.id);
}
