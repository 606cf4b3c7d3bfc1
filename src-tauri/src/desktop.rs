//! What this desktop can do, found out before anything of it is used: GTK aborts the process without a display, and the tray
//! panics without its library.

#[cfg(target_os = "linux")]
mod tray_library;

/// Whether there is a screen to draw on.
pub fn has_display() -> bool {
    if cfg!(target_os = "linux") {
        names_a_display(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
    } else {
        true
    }
}

fn names_a_display(is_set: impl Fn(&str) -> bool) -> bool {
    is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")
}

/// Whether a tray icon can be made at all.
pub fn has_tray_library() -> bool {
    #[cfg(target_os = "linux")]
    return tray_library::present();
    #[cfg(not(target_os = "linux"))]
    true
}

/// Whether tray icons of this desktop are seen only through a panel that announces itself on the bus: always on Wayland, and on
/// GNOME, which has none without an extension.
#[cfg(target_os = "linux")]
pub fn needs_announced_panel() -> bool {
    let set = |name| std::env::var(name).unwrap_or_default();
    announces(&set("XDG_CURRENT_DESKTOP"), &set("WAYLAND_DISPLAY"))
}

#[cfg(target_os = "linux")]
fn announces(desktop: &str, wayland: &str) -> bool {
    desktop.to_ascii_lowercase().contains("gnome") || !wayland.is_empty()
}

/// Which colour the panel behind the tray icon has, as far as one can guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Panel {
    Light,
    Dark,
}

/// GNOME's panel (and Ubuntu's) is dark in every theme, as are those of KDE and Xfce in their default looks when the theme is
/// dark; the theme's name is the only thing that all desktops tell without a bus.
pub fn panel() -> Panel {
    let desktop = std::env::var("XDG_CURRENT_DESKTOP").unwrap_or_default();
    let theme = std::env::var("GTK_THEME").unwrap_or_default();
    guess_panel(&desktop, &theme)
}

fn guess_panel(desktop: &str, theme: &str) -> Panel {
    let desktop = desktop.to_ascii_lowercase();
    let theme = theme.to_ascii_lowercase();
    let light_panel = ["kde", "cinnamon", "lxqt"].iter().any(|name| desktop.contains(name)) || cfg!(windows);
    if light_panel && !theme.contains("dark") { Panel::Light } else { Panel::Dark }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_kind_of_display_will_do() {
        assert!(names_a_display(|name| name == "DISPLAY"));
        assert!(names_a_display(|name| name == "WAYLAND_DISPLAY"));
        assert!(!names_a_display(|_| false));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn an_old_tray_needs_no_announcement() {
        assert!(announces("ubuntu:GNOME", ""));
        assert!(announces("sway", "wayland-1"));
        assert!(!announces("XFCE", ""));
    }

    #[test]
    fn the_panel_is_dark_unless_the_desktop_says_otherwise() {
        assert_eq!(guess_panel("ubuntu:GNOME", "Adwaita"), Panel::Dark);
        assert_eq!(guess_panel("KDE", ""), Panel::Light);
        assert_eq!(guess_panel("KDE", "Breeze-Dark"), Panel::Dark);
    }
}
