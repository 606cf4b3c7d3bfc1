//! Drawing in a terminal.

use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};

/// A QR in half blocks, dark modules on a light ground whatever the terminal's colours are.
pub fn qr(text: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
    Some(code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).quiet_zone(true).build())
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_pairing_code_fits_a_terminal() {
        let drawn = super::qr(&"x".repeat(230)).expect("fits a QR");
        assert!(drawn.lines().count() < 45 && drawn.lines().all(|l| l.chars().count() < 90));
    }
}
