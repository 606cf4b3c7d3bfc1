//! Whatever is done in whatever order: a key opens what was last decided, and nobody goes on with more than that.

use crate::ground::{Ground, all_of, goes, person};
use crate::home::CASES;
use access::{AppPatch, Grantee, KeySpec, NewApp, NewKey, Refusal};
use domain::{App, KeyState, Permits, Scope};
use proptest::prelude::*;
use std::sync::Arc;
use std::time::Duration;

#[derive(Clone, Debug)]
enum Step {
    MakeApp(Vec<Scope>),
    MakeKey(usize, Option<u64>),
    Rotate(usize, u64),
    Revoke(usize),
    Permit(usize, Vec<Scope>),
    Disable(usize, bool),
    Delete(usize),
    Pass(u64),
    Restart,
    Crash,
}

fn scopes() -> impl Strategy<Value = Vec<Scope>> {
    proptest::collection::vec(proptest::sample::select(&Scope::ALL[..]), 1..4)
}

fn step() -> impl Strategy<Value = Step> {
    let which = 0_usize..6;
    prop_oneof![
        3 => scopes().prop_map(Step::MakeApp),
        4 => (which.clone(), proptest::option::of(1_u64..2000)).prop_map(|(n, life)| Step::MakeKey(n, life)),
        2 => (which.clone(), 0_u64..1000).prop_map(|(n, overlap)| Step::Rotate(n, overlap)),
        2 => which.clone().prop_map(Step::Revoke),
        3 => (which.clone(), scopes()).prop_map(|(n, scopes)| Step::Permit(n, scopes)),
        2 => (which.clone(), any::<bool>()).prop_map(|(n, off)| Step::Disable(n, off)),
        1 => which.prop_map(Step::Delete),
        3 => (1_u64..1500).prop_map(Step::Pass),
        1 => Just(Step::Restart),
        1 => Just(Step::Crash),
    ]
}

/// What was decided, kept beside it.
#[derive(Default)]
struct Model {
    apps: Vec<App>,
    /// With its app as it was let in last.
    keys: Vec<(NewKey, Option<Arc<Grantee>>)>,
}

impl Model {
    fn app(&self, n: usize) -> Option<App> {
        (!self.apps.is_empty()).then(|| self.apps[n % self.apps.len()].clone())
    }

    fn key(&self, n: usize) -> Option<usize> {
        (!self.keys.is_empty()).then(|| n % self.keys.len())
    }

    async fn carry_out(&mut self, ground: Ground, step: Step) -> Ground {
        let (access, now) = (ground.access.clone(), ground.now());
        match step {
            Step::MakeApp(scopes) => {
                let new = NewApp { name: "App".into(), permits: all_of(&scopes), ..NewApp::default() };
                let (app, key) = ground.made(new).await;
                self.apps.push(app);
                self.keys.push((key, None));
            }
            Step::MakeKey(n, life) => {
                if let Some(app) = self.app(n) {
                    let spec = KeySpec { label: String::new(), expires_in: life.map(Duration::from_secs) };
                    self.keys.push((access.create_key(app.id, spec, person()).await.unwrap(), None));
                }
            }
            Step::Rotate(n, overlap) => {
                if let Some(n) = self.key(n) {
                    let overlap = Duration::from_secs(overlap);
                    let old = self.keys[n].0.key.clone();
                    let good = old.state(now) == KeyState::Good;
                    let rotated = access.rotate_key(old.app, old.id, overlap, person()).await;
                    assert_eq!(rotated.is_ok(), good && self.apps.iter().any(|app| app.id == old.app));
                    if let Ok(new) = rotated {
                        let kept = &mut self.keys[n].0.key;
                        if overlap.is_zero() {
                            kept.revoked_at = Some(now);
                        } else {
                            let end = now.plus(overlap);
                            kept.expires_at = Some(kept.expires_at.map_or(end, |before| before.min(end)));
                        }
                        self.keys.push((new, None));
                    }
                }
            }
            Step::Revoke(n) => {
                if let Some(n) = self.key(n) {
                    let key = &mut self.keys[n].0.key;
                    if access.revoke_key(key.app, key.id, person()).await.is_ok() {
                        key.revoked_at = key.revoked_at.or(Some(now));
                    }
                }
            }
            Step::Permit(n, scopes) => {
                if let Some(app) = self.app(n) {
                    let patch = AppPatch { permits: Some(all_of(&scopes)), ..AppPatch::default() };
                    self.put(access.patch_app(app.id, patch, person()).await.unwrap());
                }
            }
            Step::Disable(n, off) => {
                if let Some(app) = self.app(n) {
                    let patch = AppPatch { disabled: Some(off), ..AppPatch::default() };
                    self.put(access.patch_app(app.id, patch, person()).await.unwrap());
                }
            }
            Step::Delete(n) => {
                if let Some(app) = self.app(n) {
                    access.delete_app(app.id, person()).await.unwrap();
                    self.apps.retain(|other| other.id != app.id);
                }
            }
            Step::Pass(secs) => ground.pass(Duration::from_secs(secs)),
            Step::Restart | Step::Crash => {
                // Whoever was let in by the run before is gone with it.
                self.keys.iter_mut().for_each(|(_, grantee)| *grantee = None);
                return if matches!(step, Step::Restart) { ground.restarted().await } else { ground.crashed().await };
            }
        }
        ground
    }

    fn put(&mut self, app: App) {
        let place = self.apps.iter_mut().find(|other| other.id == app.id).unwrap();
        *place = app;
    }

    /// What the key opens by what was decided.
    fn opens(&self, ground: &Ground, key: &NewKey) -> Result<Permits, Refusal> {
        let app = self.apps.iter().find(|app| app.id == key.key.app).ok_or(Refusal::Unknown)?;
        match key.key.state(ground.now()) {
            KeyState::Revoked { .. } => Err(Refusal::Revoked),
            KeyState::Expired { at } => Err(Refusal::Expired { at }),
            KeyState::Good if app.disabled_at.is_some() => Err(Refusal::Disabled),
            KeyState::Good => Ok(app.permits.clone()),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, ..ProptestConfig::default() })]
    #[test]
    fn a_key_opens_what_was_last_decided_and_nobody_goes_on_with_more(steps in proptest::collection::vec(step(), 1..40)) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            let (mut ground, mut model) = (Ground::new().await, Model::default());
            for step in steps {
                ground = model.carry_out(ground, step).await;
                for n in 0..model.keys.len() {
                    let (key, before) = &model.keys[n];
                    let (expected, before) = (model.opens(&ground, key), before.clone());
                    let found = ground.lets_in(key);
                    assert_eq!(found.as_ref().map(|grantee| grantee.permits.clone()).map_err(|e| *e), expected);
                    if let Some(before) = before {
                        let may_less = expected.as_ref().map_or(true, |permits| !before.permits.within(permits));
                        // Expiry is told by a task; all else is told before the call returns.
                        match &expected {
                            Err(Refusal::Expired { .. }) => goes(&before).await,
                            Ok(_) | Err(Refusal::Unknown | Refusal::Revoked | Refusal::Disabled) => {
                                assert_eq!(before.gone.is_cancelled(), may_less);
                            }
                        }
                    }
                    if let Ok(grantee) = &found {
                        assert!(!grantee.gone.is_cancelled());
                    }
                    model.keys[n].1 = found.ok();
                }
            }
            assert!(ground.ledger.verify_audit().await.unwrap().is_ok());
            ground.access.drain().await;
            ground.ledger.close().await;
        });
    }
}
