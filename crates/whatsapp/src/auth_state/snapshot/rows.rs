use super::{AppStateKey, AppStateVersion, Device, Snapshot, tables};
use crate::auth_state::OpenError;
use crate::auth_state::seal::Seal;
use std::path::PathBuf;
use wacore::store::traits::{AppSyncStore as _, DeviceStore as _};
use whatsapp_rust_sqlite_storage::SqliteStore;

/// All that upstream's `store` keeps in `database`; `None` when there is no device in it. Nobody may write meanwhile.
pub(in crate::auth_state) async fn read(
    store: &SqliteStore,
    seal: &Seal,
    database: PathBuf,
) -> Result<Option<Snapshot>, OpenError> {
    let Some(device) = store.load().await? else { return Ok(None) };
    let mut snapshot = Snapshot::of(Device::from(&device));
    let device_id = store.device_id();
    let seal = seal.clone();
    let reading = tokio::task::spawn_blocking(move || {
        let mut connection = seal.connected(&database)?;
        let names = tables::read(&mut connection, device_id, &mut snapshot)?;
        Ok::<_, OpenError>((snapshot, names))
    });
    let (mut snapshot, names) = reading.await.map_err(OpenError::broke_off)??;
    for id in names.app_state_keys {
        // One that does not decode is none to whatsapp-rust either; it asks for it anew.
        if let Some(key) = store.get_sync_key(&id).await? {
            let key =
                AppStateKey { key_data: key.key_data.into(), fingerprint: key.fingerprint.into(), timestamp: key.timestamp };
            snapshot.app_state_keys.insert(id.into(), key);
        }
    }
    for name in names.app_state_versions {
        let state = store.get_version(&name).await?;
        snapshot.app_state_versions.insert(name, AppStateVersion::from(&state));
    }
    Ok(Some(snapshot))
}
