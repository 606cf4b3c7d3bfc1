//! A loopback WhatsApp with phones, and directories for the applications that live in it.

use crate::leaks::{self, Kind};
use crate::{Events, Options, PATIENCE, Rest};
use anyhow::{Context, Result};
use futures::FutureExt as _;
use sandbox::phone::{Phone, Phones};
use sandbox::{Network, Sandbox, SandboxConfig, Target};
use tempfile::TempDir;

/// Everything a test needs around the application. Ends with the test.
#[derive(Debug)]
pub struct World {
    pub phones: Phones,
    sandbox: Sandbox,
    directory: TempDir,
}

impl Drop for World {
    fn drop(&mut self) {
        for phone in self.phones.all() {
            // Nobody else has a hand in it any more, so there is nothing to wait for.
            for message in phone.messages().now_or_never().unwrap_or_default() {
                leaks::know(Kind::Text, "a message on a phone", message.content.text().unwrap_or_default());
            }
        }
        leaks::keep(self.directory.path());
    }
}

impl World {
    /// A sandbox with this many phones: +1 555 0100 101 and on.
    ///
    /// # Errors
    /// When it cannot listen.
    pub async fn with_phones(count: usize) -> Result<Self> {
        let sandbox = Sandbox::start(SandboxConfig::default()).await?;
        let phones = Phones::with_people(sandbox.network().clone(), count).await?;
        Ok(World { phones, sandbox, directory: tempfile::tempdir()? })
    }

    pub fn network(&self) -> &Network {
        self.sandbox.network()
    }

    pub fn url(&self) -> String {
        self.sandbox.url()
    }

    /// The root of the sandbox's Noise certificates in hex, for clients that verify them.
    pub fn noise_root(&self) -> String {
        self.sandbox.noise_root_public().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.directory.path().join(name)
    }

    /// For an application with its data in a directory of this name.
    pub fn options(&self, name: &str) -> Options {
        Options::new(&self.path(name), &self.url())
    }

    /// The phone with this place in the row, from 0.
    ///
    /// # Errors
    /// When there are not so many.
    pub fn phone(&self, index: usize) -> Result<Phone> {
        self.phones.all().into_iter().nth(index).with_context(|| format!("there is no phone {index}"))
    }

    /// The linked device of a phone, as faults name it.
    ///
    /// # Errors
    /// When the phone has no linked device.
    pub fn device_of(&self, phone: &Phone) -> Result<Target> {
        let device = phone.linked_devices().into_iter().next().context("the phone has a linked device")?;
        Ok(Target::Device(device.device))
    }

    /// Makes a channel, scans its QR with the phone and waits for `connected`. Returns the channel's id.
    ///
    /// # Errors
    /// When any step does not come about.
    pub async fn pair(&self, rest: &Rest, events: &mut Events, phone: &Phone, name: &str) -> Result<String> {
        let channel = rest.create_channel(name).await?;
        self.scan(rest, events, phone, &channel).await?;
        Ok(channel)
    }

    /// Waits for the QR of a channel, scans it with the phone and waits for `connected`.
    ///
    /// # Errors
    /// When any step does not come about.
    pub async fn scan(&self, rest: &Rest, events: &mut Events, phone: &Phone, channel: &str) -> Result<()> {
        events
            .wait("a QR to scan", |e| {
                let state = &e.data["data"]["channel"]["state"];
                e.data["channel_id"] == channel && state["status"] == "pairing" && state["step"] == "shown"
            })
            .await?;
        phone.scan(&rest.qr(channel).await?).await?;
        events.of("channel.connected", channel).await?;
        Ok(())
    }

    /// Waits until the phone has a message with this text from somebody else.
    ///
    /// # Errors
    /// When it does not arrive.
    pub async fn arrives(&self, phone: &Phone, text: &str) -> Result<sandbox::phone::PhoneMessage> {
        phone
            .wait_for_message(PATIENCE, |m| m.content.text() == Some(text))
            .await
            .with_context(|| format!("the phone never got {text:?}"))
    }
}
