//! Programs that ask to be let in, and the answer.

use super::permits::Choice;
use super::span::Span;
use super::{id, words};
use crate::cli::client::Client;
use anyhow::{Result, bail};
use serde_json::{Value, json};
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::process::ExitCode;

/// On what terms a program is let in.
#[derive(Debug)]
pub struct Terms {
    pub choice: Choice,
    pub once: bool,
    pub expires_in: Option<Span>,
    pub name: Option<String>,
    pub unasked: bool,
}

pub async fn requests(client: &Client, as_json: bool) -> Result<ExitCode> {
    let waiting = waiting(client).await?;
    if as_json {
        println!("{}", serde_json::to_string_pretty(&waiting)?);
        return Ok(ExitCode::SUCCESS);
    }
    if waiting.is_empty() {
        println!("No program asks to be let in.");
    }
    for request in &waiting {
        tell(request);
    }
    if !waiting.is_empty() {
        println!("\nCompare the code with the one that the program shows, then: whatisupd apps approve CODE (or deny CODE)");
    }
    Ok(ExitCode::SUCCESS)
}

pub async fn approve(client: &Client, code: &str, terms: Terms) -> Result<ExitCode> {
    let request = by_code(client, code).await?;
    tell(&request);
    let permits = terms.choice.of(client, &request).await?;
    if let Some(permits) = &permits {
        println!("  gets      {}", words::permits(&json!({ "permits": permits })).join("\n            "));
    }
    if !terms.unasked && !confirmed()? {
        println!("Nothing was allowed.");
        return Ok(ExitCode::FAILURE);
    }
    let mut body = json!({ "once": terms.once });
    if let Some(permits) = permits {
        body["permits"] = permits;
    }
    if let Some(Span(seconds)) = terms.expires_in {
        body["expires_in"] = seconds.into();
    }
    if let Some(name) = terms.name {
        body["name"] = name.into();
    }
    client.post(&format!("/v1/apps/requests/{}/allow", id(&request)?), Some(body)).await?;
    let until = if terms.once { " until WhatIsUp is quit" } else { "" };
    println!("Allowed{until}. The program fetches its key by itself.");
    Ok(ExitCode::SUCCESS)
}

pub async fn deny(client: &Client, code: &str) -> Result<ExitCode> {
    let request = by_code(client, code).await?;
    client.post(&format!("/v1/apps/requests/{}/deny", id(&request)?), None).await?;
    println!("{} was sent away.", words::name(&request));
    Ok(ExitCode::SUCCESS)
}

async fn waiting(client: &Client) -> Result<Vec<Value>> {
    let all = client.all("/v1/apps/requests", usize::MAX).await?;
    Ok(all.into_iter().filter(|request| request["state"] == "waiting").collect())
}

async fn by_code(client: &Client, typed: &str) -> Result<Value> {
    let wanted = bare(typed);
    let waiting = waiting(client).await?;
    let Some(request) = waiting.iter().find(|request| bare(words::text(request, "code")) == wanted) else {
        match waiting.len() {
            0 => bail!(
                "no program waits for an answer; a request that nobody answers in time is over, and the program has to ask again"
            ),
            1 => bail!("no program that waits shows the code {typed}; `whatisupd apps requests` shows the one that does"),
            n => bail!("no program that waits shows the code {typed}; `whatisupd apps requests` shows the {n} that do"),
        }
    };
    Ok(request.clone())
}

/// A code as it is compared: Crockford's base32 takes small letters, and the letters that look like digits for those.
fn bare(code: &str) -> String {
    let letters = code.chars().filter(|c| !matches!(c, '-' | ' ')).map(|c| match c.to_ascii_uppercase() {
        'I' | 'L' => '1',
        'O' => '0',
        c => c,
    });
    letters.collect()
}

fn tell(request: &Value) {
    println!("{}  {}", words::text(request, "code"), words::name(request));
    println!("  program   {}", words::caller(request));
    if let Some(origin) = request["origin"].as_str() {
        println!("  page      {}", words::plain(origin));
    }
    println!("  why       {}", words::plain(words::text(request, "reason")));
    println!("  asks for  {}", words::permits(request).join("\n            "));
    println!("  until     {}", words::text(request, "expires_at"));
}

/// Asked of a person only: a script has said it by running the command.
fn confirmed() -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Ok(true);
    }
    print!("Let it in? [y/N] ");
    std::io::stdout().flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(answer.trim().eq_ignore_ascii_case("y"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_the_same_however_it_is_typed() {
        for typed in ["ABC-D01", "abcd01", "abc d0l", "ABC-DOI"] {
            assert_eq!(bare(typed), "ABCD01", "{typed}");
        }
        assert_ne!(bare("ABC-D02"), "ABCD01");
    }
}
