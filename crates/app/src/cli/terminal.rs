//! Drawing in a terminal.

use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};
use std::io::IsTerminal as _;

/// What a drawing stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    /// A terminal of whatever theme, told to be black on white.
    Coloured,
    /// Nobody knows what: plain characters, for the dark terminals that most are.
    Plain,
}

/// Black on white out of the fixed part of the palette: the first 16 colours are the theme's to change.
const BLACK_ON_WHITE: &str = "\x1b[38;5;16;48;5;231m";
const AS_BEFORE: &str = "\x1b[0m";

/// What standard output is.
pub fn ground() -> Ground {
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    if std::io::stdout().is_terminal() && !dumb { Ground::Coloured } else { Ground::Plain }
}

/// A QR in half blocks; a text that is too long has none.
pub fn qr(text: &str, ground: Ground) -> Option<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
    let mut drawing = code.render::<Dense1x2>();
    drawing.quiet_zone(true).module_dimensions(1, 1);
    // The crate calls dark what it draws with ink.
    match ground {
        Ground::Coloured => drawing.dark_color(Dense1x2::Dark).light_color(Dense1x2::Light),
        Ground::Plain => drawing.dark_color(Dense1x2::Light).light_color(Dense1x2::Dark),
    };
    let plain = drawing.build();
    Some(match ground {
        Ground::Plain => plain,
        // Line by line, or the white would run to the edge of the window.
        Ground::Coloured => {
            plain.lines().map(|line| format!("{BLACK_ON_WHITE}{line}{AS_BEFORE}")).collect::<Vec<_>>().join("\n")
        }
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// What a camera reads off the lines, where ink is drawn in the given shade.
    fn read(drawn: &str, ink_is_dark: bool) -> String {
        let rows: Vec<Vec<char>> = drawn.lines().map(|line| line.chars().collect()).collect();
        let (width, height) = (rows[0].len() * 4, rows.len() * 8);
        let shade = |x: usize, y: usize| {
            let inked = matches!((rows[y / 8][x / 4], y / 4 % 2), ('█', _) | ('▀', 0) | ('▄', 1));
            if inked == ink_is_dark { 0 } else { 255 }
        };
        let mut picture = rqrr::PreparedImage::prepare_from_greyscale(width, height, shade);
        let grids = picture.detect_grids();
        assert_eq!(grids.len(), 1, "one QR is found");
        grids[0].decode().unwrap().1
    }

    #[test]
    fn a_pairing_code_fits_a_terminal() {
        let drawn = qr(&"x".repeat(230), Ground::Plain).unwrap();
        assert!(drawn.lines().count() < 45 && drawn.lines().all(|l| l.chars().count() < 90));
    }

    #[test]
    fn on_a_terminal_it_brings_its_own_black_and_white() {
        let text = "2@abc,def,ghi,jkl";
        let drawn = qr(text, Ground::Coloured).unwrap();
        let bare = |line: &str| line.strip_prefix(BLACK_ON_WHITE).unwrap().strip_suffix(AS_BEFORE).unwrap().to_owned();
        let bare: Vec<String> = drawn.lines().map(bare).collect();
        assert_eq!(read(&bare.join("\n"), true), text);
    }

    #[test]
    fn elsewhere_it_is_plain_and_drawn_for_a_dark_ground() {
        let text = "2@abc,def,ghi,jkl";
        let drawn = qr(text, Ground::Plain).unwrap();
        assert!(!drawn.contains('\x1b'));
        assert_eq!(read(&drawn, false), text);
    }
}
