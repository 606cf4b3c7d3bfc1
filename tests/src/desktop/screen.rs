//! The display, and what is on it.

use super::{Desktop, holds, until};
use anyhow::{Context, Result, bail};
use std::path::Path;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{
    AtomEnum, ClientMessageEvent, ConnectionExt, CreateWindowAux, EventMask, MapState, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;

/// An X server that draws into memory.
#[derive(Debug)]
pub struct Screen {
    _server: Child,
    number: u32,
}

impl Screen {
    pub(super) async fn start() -> Result<Self> {
        // The server finds a free number itself and tells it on a descriptor: two tests never fight for one.
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1280x900x24", "-nolisten", "tcp", "-noreset"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("Xvfb (package xvfb)")?;
        let told = server.stdout.take().context("stdout is piped")?;
        let number = BufReader::new(told).lines().next_line().await?.context("Xvfb named no display")?;
        Ok(Screen { _server: server, number: number.trim().parse()? })
    }

    pub fn name(&self) -> String {
        format!(":{}", self.number)
    }
}

/// A window that somebody can see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    id: Window,
    pub title: String,
}

impl Desktop {
    /// The visible windows whose title begins so.
    ///
    /// # Errors
    /// When the display cannot be asked.
    pub fn windows(&self, title: &str) -> Result<Vec<Seen>> {
        let (display, screen) = self.connect()?;
        let mut seen = Vec::new();
        below(&display, screen, &mut |id, name| seen.push(Seen { id, title: name }))?;
        Ok(seen.into_iter().filter(|window| window.title.starts_with(title)).collect())
    }

    /// Waits until exactly this many windows whose title begins so are visible.
    ///
    /// # Errors
    /// When that does not come about.
    pub async fn shows_windows(&self, title: &str, count: usize) -> Result<()> {
        until(&format!("{count} windows {title:?}"), || async {
            let now = self.windows(title)?;
            holds(now.len() == count, || format!("there are {now:?}"))
        })
        .await
    }

    /// Asks a window to close, as its close button does.
    ///
    /// # Errors
    /// When there is no such window.
    pub fn close_window(&self, title: &str) -> Result<()> {
        let window = self.windows(title)?.into_iter().next().with_context(|| format!("no window {title:?}"))?.id;
        let (display, _) = self.connect()?;
        let protocols = display.intern_atom(false, b"WM_PROTOCOLS")?.reply()?.atom;
        let delete = display.intern_atom(false, b"WM_DELETE_WINDOW")?.reply()?.atom;
        let message = ClientMessageEvent::new(32, window, protocols, [delete, x11rb::CURRENT_TIME, 0, 0, 0]);
        display.send_event(false, window, EventMask::NO_EVENT, message)?.check()?;
        Ok(())
    }

    /// The text in the clipboard.
    ///
    /// # Errors
    /// When there is none.
    pub fn clipboard(&self) -> Result<String> {
        let (display, root) = self.connect()?;
        let atom = |name: &[u8]| anyhow::Ok(display.intern_atom(false, name)?.reply()?.atom);
        let (clipboard, utf8, here) = (atom(b"CLIPBOARD")?, atom(b"UTF8_STRING")?, atom(b"PASTED")?);
        let window = display.generate_id()?;
        display.create_window(0, window, root, 0, 0, 1, 1, 0, WindowClass::INPUT_ONLY, 0, &CreateWindowAux::new())?;
        display.convert_selection(window, clipboard, utf8, here, x11rb::CURRENT_TIME)?;
        display.flush()?;
        loop {
            if let x11rb::protocol::Event::SelectionNotify(answer) = display.wait_for_event()? {
                anyhow::ensure!(answer.property != x11rb::NONE, "the clipboard is empty");
                let text = display.get_property(true, window, here, AtomEnum::ANY, 0, 4096)?.reply()?;
                return Ok(String::from_utf8(text.value)?);
            }
        }
    }

    fn connect(&self) -> Result<(RustConnection, Window)> {
        let (display, screen) = RustConnection::connect(Some(&self.screen.name()))?;
        let root = display.setup().roots[screen].root;
        Ok((display, root))
    }

    /// Writes what is on the display into a PNG.
    ///
    /// # Errors
    /// When ImageMagick's `import` is missing.
    pub async fn photograph(&self, path: &Path) -> Result<()> {
        let done = self.command("import").args(["-window", "root"]).arg(path).status().await.context("import (imagemagick)")?;
        if done.success() { Ok(()) } else { bail!("import: {done}") }
    }
}

/// Tells of every visible window with a title, from this one down.
fn below(display: &RustConnection, window: Window, tell: &mut impl FnMut(Window, String)) -> Result<()> {
    for child in display.query_tree(window)?.reply()?.children {
        // It may close while it is looked at.
        let Ok(about) = display.get_window_attributes(child)?.reply() else { continue };
        if about.map_state != MapState::VIEWABLE {
            continue;
        }
        let utf8 = display.intern_atom(false, b"_NET_WM_NAME")?.reply()?.atom;
        if let Ok(name) = display.get_property(false, child, utf8, AtomEnum::ANY, 0, 256)?.reply()
            && !name.value.is_empty()
        {
            tell(child, String::from_utf8_lossy(&name.value).into_owned());
        }
        // A window that has just closed has nothing below it.
        let _ = below(display, child, tell);
    }
    Ok(())
}
