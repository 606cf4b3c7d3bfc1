//! The page in the application's windows, driven by WebKit's own WebDriver, which joins the running process.

use super::shell::Shell;
use super::{Desktop, holds, until};
use crate::process::free_port;
use anyhow::{Context, Result, bail};
use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use std::process::Stdio;
use tokio::net::TcpStream;
use tokio::process::Child;

/// A driven page. The window that was the first of the process is the one it begins in.
#[derive(Debug)]
pub struct Page {
    pub client: Client,
    _driver: Child,
}

impl Page {
    /// Joins the windows of an application that was started with `driven_at`. Waits for its first window.
    ///
    /// # Errors
    /// When no window comes.
    pub async fn join(desktop: &Desktop, shell: &Shell) -> Result<Self> {
        let inspector = shell.start.driven_at.context("the application was not started to be driven")?;
        let port = free_port();
        let driver = desktop
            .command("WebKitWebDriver")
            .arg(format!("--port={port}"))
            .arg(format!("--target=127.0.0.1:{inspector}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .context("WebKitWebDriver (package webkit2gtk-driver)")?;
        for (what, port) in [("the inspector of the window", inspector), ("WebKitWebDriver", port)] {
            until(what, || async { Ok(TcpStream::connect(("127.0.0.1", port)).await.map(|_| ())?) }).await?;
        }
        let capabilities: Capabilities =
            [("webkitgtk:browserOptions".to_owned(), json!({ "binary": "", "args": [] }))].into_iter().collect();
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .context("no session with the window")?;
        Ok(Page { client, _driver: driver })
    }

    /// Calls a command of the shell as the page does.
    ///
    /// # Errors
    /// What the shell refused with.
    pub async fn invoke(&self, command: &str, arguments: Value) -> Result<Value> {
        let script = "const [command, given, done] = arguments; \
                      window.__TAURI_INTERNALS__.invoke(command, given).then(good => done({ good }), bad => done({ bad }))";
        let mut answer = self.client.execute_async(script, vec![json!(command), arguments]).await?;
        match answer.get_mut("bad") {
            Some(bad) => bail!("{command}: {bad}"),
            None => Ok(answer.get_mut("good").map(Value::take).unwrap_or_default()),
        }
    }

    /// The text of the whole page.
    ///
    /// # Errors
    /// When the window is gone.
    pub async fn text(&self) -> Result<String> {
        let text = self.client.execute("return document.body.innerText", Vec::new()).await?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// Waits until the page says this.
    ///
    /// # Errors
    /// When it does not; tells what it said.
    pub async fn says(&self, text: &str) -> Result<()> {
        until(&format!("{text:?} on the page"), || async {
            let now = self.text().await?;
            holds(now.contains(text), || format!("the page says:\n{now}"))
        })
        .await
    }

    /// Waits for an element and clicks it.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn click(&self, what: Locator<'_>) -> Result<()> {
        until(&format!("{what:?}"), || async { Ok(self.client.find(what).await?.click().await?) }).await
    }

    /// Clicks the button (or link) whose name begins so.
    ///
    /// # Errors
    /// When there is none.
    pub async fn press(&self, name: &str) -> Result<()> {
        let path = format!("//*[self::button or self::a][starts-with(normalize-space(.), '{name}') or @aria-label='{name}']");
        self.click(Locator::XPath(&path)).await
    }

    /// Clicks the button of that name in the open dialog.
    ///
    /// # Errors
    /// When no dialog opens, or it has no such button.
    pub async fn confirm(&self, name: &str) -> Result<()> {
        let path = format!("//*[@role='dialog' or @role='alertdialog']//button[starts-with(normalize-space(.), '{name}')]");
        self.click(Locator::XPath(&path)).await
    }

    /// Waits until the element is on the page of this window.
    ///
    /// # Errors
    /// When it is not.
    pub async fn sees(&self, what: Locator<'_>) -> Result<()> {
        until(&format!("{what:?}"), || async { Ok(self.client.find(what).await.map(|_| ())?) }).await
    }

    /// Waits until the element is on the page of one of the windows, and goes on there.
    ///
    /// # Errors
    /// When it is on none.
    pub async fn sees_in_any_window(&self, what: Locator<'_>) -> Result<()> {
        until(&format!("{what:?} in a window"), || async {
            for window in self.client.windows().await? {
                self.client.switch_to_window(window).await?;
                if self.client.find(what).await.is_ok() {
                    return Ok(());
                }
            }
            bail!("no window has it")
        })
        .await
    }

    /// Waits for a field and types into it.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn write(&self, field: Locator<'_>, text: &str) -> Result<()> {
        until(&format!("{field:?}"), || async {
            let element = self.client.find(field).await?;
            element.clear().await?;
            Ok(element.send_keys(text).await?)
        })
        .await
    }

    /// Waits for a window whose address contains `part`, and goes on there.
    ///
    /// # Errors
    /// When there is none.
    pub async fn in_window(&self, part: &str) -> Result<()> {
        until(&format!("a window at {part:?}"), || async {
            let mut seen = Vec::new();
            for window in self.client.windows().await? {
                self.client.switch_to_window(window).await?;
                let address = self.client.current_url().await?.to_string();
                if address.contains(part) {
                    return Ok(());
                }
                seen.push(address);
            }
            bail!("the windows are at {seen:?}")
        })
        .await
    }
}
