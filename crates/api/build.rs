//! Has the dashboard embedded anew when it was built anew. Debug builds read it from the source tree instead.

use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let built = Path::new("../../ui/dist");
    if built.exists() || std::env::var("PROFILE").is_ok_and(|p| p == "release") {
        println!("cargo::rerun-if-changed={}", built.display());
    }
}
