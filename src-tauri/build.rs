//! Declares the shell's own commands, so that only the windows named in `capabilities/` may call them, and checks that
//! there is a page to show: Tauri embeds whatever lies in `ui/dist`, and an empty folder would compile to a blank window.

use std::path::Path;

const PAGE: &str = "../ui/dist/index.html";

fn main() {
    println!("cargo:rerun-if-changed={PAGE}");
    println!("cargo:rerun-if-changed=../icons");
    if !Path::new(PAGE).is_file() {
        println!("cargo::error=the dashboard is not built: there is no ui/dist/index.html. Run `make ui` first.");
        return;
    }
    let commands = tauri_build::AppManifest::new().commands(&[
        "connection",
        "start_state",
        "next_start_state",
        "start_action",
        "start_at_login",
        "set_start_at_login",
        "open_pairing",
        "close_window",
        "open_external",
    ]);
    if let Err(error) = tauri_build::try_build(tauri_build::Attributes::new().app_manifest(commands)) {
        println!("cargo::error=tauri: {error:#}");
    }
}
