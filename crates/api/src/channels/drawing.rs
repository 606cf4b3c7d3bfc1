use qrcode::render::{svg, unicode};
use qrcode::{EcLevel, QrCode};
use std::io::Cursor;

/// The smallest PNG, in pixels a side.
const PNG_SIDE: u32 = 560;
/// The quiet zone that readers need around a QR, in modules.
const QUIET: u32 = 4;

/// A QR, ready to be drawn black on white, whatever the theme around it.
pub(super) struct Drawing(QrCode);

/// Why a QR cannot be drawn.
#[derive(Debug, thiserror::Error)]
pub(super) enum DrawingError {
    #[error("the text does not fit a qr: {0}")]
    Text(#[from] qrcode::types::QrError),
    #[error("the image cannot be encoded: {0}")]
    Image(#[from] image::ImageError),
}

impl Drawing {
    pub fn of(text: &str) -> Result<Self, DrawingError> {
        Ok(Drawing(QrCode::with_error_correction_level(text, EcLevel::L)?))
    }

    pub fn svg(&self) -> String {
        self.0
            .render::<svg::Color>()
            .quiet_zone(true)
            .dark_color(svg::Color("#000"))
            .light_color(svg::Color("#fff"))
            .min_dimensions(280, 280)
            .build()
    }

    pub fn png(&self) -> Result<Vec<u8>, DrawingError> {
        let modules = self.0.width() as u32 + 2 * QUIET;
        let module = PNG_SIDE.div_ceil(modules);
        let picture = self.0.render::<image::Luma<u8>>().quiet_zone(true).module_dimensions(module, module).build();
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, image::ImageFormat::Png)?;
        Ok(bytes.into_inner())
    }

    /// Half blocks for the dark terminals that most are: what is dark in the QR is left blank. Plain text, without
    /// colours of its own, because nobody says what it is shown on.
    pub fn terminal(&self) -> String {
        let mut text = self
            .0
            .render::<unicode::Dense1x2>()
            .quiet_zone(true)
            .module_dimensions(1, 1)
            // The names are those of the crate's own ink, which is dark on paper and light on a terminal.
            .dark_color(unicode::Dense1x2::Light)
            .light_color(unicode::Dense1x2::Dark)
            .build();
        text.push('\n');
        text
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const TEXT: &str = "2@AbCdEfGhIjKlMnOpQrStUvWxYz0123456789+/==,AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEfGh=,AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEfGh=,AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEfGh=";

    fn decoded(width: usize, height: usize, dark: impl Fn(usize, usize) -> bool) -> String {
        let mut picture = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| if dark(x, y) { 0 } else { 255 });
        let grids = picture.detect_grids();
        assert_eq!(grids.len(), 1, "one QR is found");
        grids[0].decode().unwrap().1
    }

    #[test]
    fn the_png_is_large_and_reads_back() {
        let png = Drawing::of(TEXT).unwrap().png().unwrap();
        let picture = image::load_from_memory(&png).unwrap().to_luma8();
        assert!(picture.width() >= PNG_SIDE && picture.width() == picture.height());
        assert_eq!(
            decoded(picture.width() as usize, picture.height() as usize, |x, y| picture.get_pixel(x as u32, y as u32).0[0]
                < 128),
            TEXT
        );
    }

    #[test]
    fn the_terminal_drawing_reads_back() {
        let text = Drawing::of(TEXT).unwrap().terminal();
        let rows: Vec<Vec<char>> = text.lines().map(|line| line.chars().collect()).collect();
        // Light is drawn, dark is left blank; each module becomes a square of 4 by 4 for the reader.
        let dark = |x: usize, y: usize| {
            let (x, y) = (x / 4, y / 4);
            let c = rows[y / 2].get(x).copied().unwrap_or('█');
            match c {
                '█' => false,
                '▀' => y % 2 == 1,
                '▄' => y % 2 == 0,
                _ => true,
            }
        };
        assert_eq!(decoded(rows[0].len() * 4, rows.len() * 8, dark), TEXT);
    }

    #[test]
    fn the_svg_is_crisp_black_on_white_with_its_quiet_zone() {
        let svg = Drawing::of(TEXT).unwrap().svg();
        // Twice the same attribute is no XML, and no browser would show it.
        assert_eq!(svg.matches("shape-rendering=\"crispEdges\"").count(), 1);
        assert!(svg.contains("#fff") && svg.contains("#000"));
        assert!(!svg.contains("<script") && svg.contains("viewBox"));
    }
}
