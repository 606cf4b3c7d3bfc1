//! The tray's icon for each tone, at 44 px so that a dense screen has something to scale from. The art is drawn in `icons/`;
//! here is only which one to take.

use crate::desktop::Panel;
use domain::Tone;
use tauri::image::Image;
use tauri::include_image;

/// The icon for a tone on a panel. macOS colours a template itself, whatever the panel.
pub fn of(tone: Tone, panel: Panel) -> Image<'static> {
    if cfg!(target_os = "macos") {
        return template(tone);
    }
    match (tone, panel) {
        (Tone::Idle, Panel::Light) => include_image!("../icons/tray/idle-light@2x.png"),
        (Tone::Idle, Panel::Dark) => include_image!("../icons/tray/idle-dark@2x.png"),
        (Tone::Connected, Panel::Light) => include_image!("../icons/tray/connected-light@2x.png"),
        (Tone::Connected, Panel::Dark) => include_image!("../icons/tray/connected-dark@2x.png"),
        (Tone::Working, Panel::Light) => include_image!("../icons/tray/working-light@2x.png"),
        (Tone::Working, Panel::Dark) => include_image!("../icons/tray/working-dark@2x.png"),
        (Tone::Attention, Panel::Light) => include_image!("../icons/tray/attention-light@2x.png"),
        (Tone::Attention, Panel::Dark) => include_image!("../icons/tray/attention-dark@2x.png"),
        (Tone::Broken, Panel::Light) => include_image!("../icons/tray/broken-light@2x.png"),
        (Tone::Broken, Panel::Dark) => include_image!("../icons/tray/broken-dark@2x.png"),
    }
}

fn template(tone: Tone) -> Image<'static> {
    match tone {
        Tone::Idle => include_image!("../icons/tray/idle-template@2x.png"),
        Tone::Connected => include_image!("../icons/tray/connected-template@2x.png"),
        Tone::Working => include_image!("../icons/tray/working-template@2x.png"),
        Tone::Attention => include_image!("../icons/tray/attention-template@2x.png"),
        Tone::Broken => include_image!("../icons/tray/broken-template@2x.png"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TONES: [Tone; 5] = [Tone::Idle, Tone::Connected, Tone::Working, Tone::Attention, Tone::Broken];

    #[test]
    fn every_tone_looks_different() {
        for panel in [Panel::Light, Panel::Dark] {
            for (n, a) in TONES.iter().enumerate() {
                for b in &TONES[n + 1..] {
                    assert_ne!(of(*a, panel).rgba(), of(*b, panel).rgba(), "{a:?} and {b:?} on {panel:?}");
                }
            }
        }
    }

    #[test]
    fn every_tone_has_a_template() {
        for tone in TONES {
            assert_eq!(template(tone).width(), template(tone).height());
        }
    }
}
