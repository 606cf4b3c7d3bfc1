//! `make bench`: measures the release build against the sandbox and writes the table. With arguments only the parts that they name.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a report goes to stdout, its progress to stderr")]

use acceptance::bench::report::Report;
use acceptance::bench::{bare, desktop, fanout, growth, guard, idle, machine, messages, stores, webhook};
use acceptance::{Whatisup, World};
use anyhow::{Context, Result, bail};

const PARTS: [&str; 6] = ["start", "sends", "growth", "guard", "stores", "desktop"];

#[tokio::main]
async fn main() -> Result<()> {
    let mut report = Report::default();
    let parts: Vec<String> = std::env::args().skip(1).collect();
    if let Some(other) = parts.iter().find(|part| !PARTS.contains(&part.as_str())) {
        bail!("there is no part {other:?}; there are {}", PARTS.join(", "));
    }
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|other| other == part);
    if wanted("start") {
        start_and_memory(&mut report).await.context("start and memory")?;
    }
    if wanted("sends") {
        sends(&mut report).await.context("sends")?;
    }
    if wanted("growth") {
        grown(&mut report).await.context("growth")?;
    }
    if wanted("guard") {
        guarded(&mut report).await.context("the guard")?;
    }
    if wanted("stores") {
        shared(&mut report).await.context("shared stores")?;
    }
    if wanted("desktop") {
        windows(&mut report).await.context("the desktop application")?;
    }
    println!("{}", head());
    println!("{}", report.table());
    Ok(())
}

fn head() -> String {
    format!(
        "Measured by `make bench` on: {}.\nRelease build with the sandbox in a second process on the same machine; medians unless said otherwise.\n",
        machine::machine()
    )
}

async fn start_and_memory(report: &mut Report) -> Result<()> {
    eprintln!("start, memory and resume with 100 channels …");
    let world = World::with_phones(101).await?;
    let start = idle::start_to_api(&world, 15).await?;
    report.at_most("process start to the API answering", start.median(), 300.0, "ms");
    let (memory, options, channels) = idle::memory(&world).await?;
    report.figure("memory (Pss), headless, no channel", format!("{:.1} MiB", memory.none));
    report.figure("memory, 10 idle connected channels, just paired", format!("{:.1} MiB", memory.ten));
    report.figure("memory, 100 idle connected channels, just paired", format!("{:.1} MiB", memory.hundred));
    report.at_most("memory per channel, just paired", memory.per_channel(), 1.0, "MiB");
    let mut options = options;
    let (mut took, mut after) = (Vec::new(), 0.0);
    for _ in 0..3 {
        let (resumed, pss, back) = idle::resume(options, &channels).await?;
        took.push(resumed);
        after = pss;
        options = back;
    }
    let resumed: acceptance::bench::figures::Sample = took.into_iter().collect();
    report.at_most("100 channels resumed, from the start of the process", resumed.median() / 1000.0, 5.0, "s");
    report.figure("memory, 100 idle connected channels, resumed", format!("{after:.1} MiB"));
    report.at_most("memory per channel, resumed", (after - memory.none) / 100.0, 1.0, "MiB");
    let bare = bare::memory(100).await?;
    report.figure("the bare library: memory per idle client (100 against 1)", format!("{bare:.2} MiB"));
    Ok(())
}

async fn grown(report: &mut Report) -> Result<()> {
    eprintln!("growth …");
    let growth::Growth { small, large, bytes_per_message } = growth::measure(100_000, 1_000_000).await?;
    let mut pair = |what: &str, small: f64, large: f64, unit: &str| {
        report.figure(
            &format!("{what}: empty ledger / 100,000 messages and 1,000,000 events"),
            format!("{small:.2} / {large:.2} {unit}"),
        );
    };
    pair("process start to the API answering", small.start, large.start, "ms");
    pair("REST send to its 202, p50", small.accept, large.accept, "ms");
    pair("a phone's send to the stream, p50", small.receive, large.receive, "ms");
    pair("a page of messages and a page of events, p50", small.page, large.page, "ms");
    pair("messages per second, one channel", small.sends_per_second, large.sends_per_second, "/s");
    report.figure("disk per message that came in, its event included", format!("{bytes_per_message:.0} bytes"));
    Ok(())
}

async fn guarded(report: &mut Report) -> Result<()> {
    eprintln!("the price of a key, and a flood …");
    let world = World::with_phones(2).await?;
    let mut options = world.options("guard");
    // More than a program may send in a minute is measured.
    options.env.push(("WHATISUP_LIMITS_SENDS_PER_KEY".to_owned(), "100000".to_owned()));
    let app = Whatisup::start(options).await?;
    let rest = app.rest().await?;
    let mut events = app.events(None).await?;
    let (phone, to) = (world.phone(0)?, world.phone(1)?);
    let channel = world.pair(&rest, &mut events, &phone, "Guarded").await?;
    let cost = guard::cost(&app, &rest).await?;
    report.at_most(
        "key, limits and permission of a request, p50 (GET /v1/me less GET /livez)",
        (cost.keyed - cost.open) * 1000.0,
        50.0,
        "µs",
    );
    report
        .figure("… of a whole request, without and with", format!("{:.0} / {:.0} µs", cost.open * 1000.0, cost.keyed * 1000.0));
    let flood = guard::flood(&world, &app, &rest, &channel, &to, 300).await?;
    report.figure(
        "REST send to the frame at the sandbox, quiet, p50 / p99",
        format!("{:.2} / {:.2} ms", flood.quiet.median(), flood.quiet.percentile(99.0)),
    );
    report.figure(
        "… while 64 connections try wrong keys, p50 / p99; tries that were answered",
        format!("{:.2} / {:.2} ms; {:.0}/s", flood.flooded.median(), flood.flooded.percentile(99.0), flood.bad_per_second),
    );
    report.at_most("… as a part of the quiet one, p50", flood.flooded.median() / flood.quiet.median(), 2.0, "×");
    app.terminate().await?;
    Ok(())
}

async fn shared(report: &mut Report) -> Result<()> {
    eprintln!("auth-state on disk, in Redis, and with the ledger in Postgres …");
    let ways = [
        ("in files", stores::on_disk().await?),
        ("auth-state in Redis, ledger in a file", stores::in_redis().await?),
        ("auth-state in Redis, ledger in Postgres", stores::shared().await?),
    ];
    for (way, kept) in ways {
        report.figure(
            &format!("{way}: REST send to its 202, p50; messages per second, one channel"),
            format!("{:.2} ms; {:.0}/s", kept.accept, kept.sends_per_second),
        );
        report.figure(
            &format!("{way}: memory per channel, 50 of them, the process included"),
            format!("{:.2} MiB", kept.per_channel),
        );
    }
    eprintln!("one, two and three workers …");
    let (one, two, three) = (stores::scale(1).await?, stores::scale(2).await?, stores::scale(3).await?);
    report.figure(
        "messages per second, 30 channels, 1 / 2 / 3 workers on these two cores",
        format!("{one:.0} / {two:.0} / {three:.0} /s"),
    );
    eprintln!("failing over …");
    let away = stores::fail_over(5).await?;
    report.at_most(
        "a worker of three is killed: its channels are logged in elsewhere, median of 5",
        away.median() / 1000.0,
        20.0,
        "s",
    );
    report.figure("… the longest", format!("{:.1} s", away.percentile(100.0) / 1000.0));
    eprintln!("a thousand channels …");
    let thousand = stores::thousand().await?;
    report.at_most(
        "1,000 idle channels on one worker: memory per channel, the process included",
        thousand.per_channel,
        1.0,
        "MiB",
    );
    report.figure("1,000 channels resumed, from the start of the process", format!("{:.1} s", thousand.resumed.as_secs_f64()));
    report.figure("memory of Redis for 1,000 channels", format!("{:.1} MiB", thousand.redis));
    Ok(())
}

async fn windows(report: &mut Report) -> Result<()> {
    eprintln!("the desktop application …");
    let windows = desktop::memory().await?;
    report.at_most("desktop application, window never opened (sandbox inside)", windows.never_opened, 60.0, "MiB");
    report.figure("desktop application, dashboard open", format!("{:.0} MiB", windows.open));
    report.at_most("desktop application, dashboard closed again", windows.closed, 130.0, "MiB");
    Ok(())
}

async fn sends(report: &mut Report) -> Result<()> {
    eprintln!("sends and receives …");
    let world = World::with_phones(51).await?;
    let phones = world.phones.all();
    let to = phones.last().context("there are phones")?;
    let mut options = world.options("send");
    // A thousand readers are many more than it puts up with by itself.
    for limit in ["CONNECTIONS", "CONNECTIONS_PER_PEER", "STREAMS"] {
        options.env.push((format!("WHATISUP_LIMITS_{limit}"), "2000".to_owned()));
    }
    let app = Whatisup::start(options).await?;
    let rest = app.rest().await?;
    let mut events = app.events(None).await?;
    let mut channels = Vec::new();
    for phone in phones.iter().take(50) {
        channels.push(world.pair(&rest, &mut events, phone, phone.number()).await?);
    }
    let one = channels.first().context("there are channels")?;
    messages::send_latency(&world, &rest, one, to, messages::WARM_UP).await?;
    let latency = messages::send_latency(&world, &rest, one, to, 500).await?;
    report.at_most("REST send to the frame at the sandbox, p50", latency.percentile(50.0), 5.0, "ms");
    report.at_most("REST send to the frame at the sandbox, p99", latency.percentile(99.0), 25.0, "ms");

    let accept = messages::accept_latency(&rest, one, to, 500).await?;
    report.figure(
        "REST send to its 202, which says it is on disk, p50 / p99",
        format!("{:.2} / {:.2} ms", accept.median(), accept.percentile(99.0)),
    );
    messages::breathe().await;

    let inbound = messages::receive_latency(&mut events, to, &phones[0], 300).await?;
    report.figure(
        "a phone's send to the event on the stream, p50 / p99 (its encryption included)",
        format!("{:.2} / {:.2} ms", inbound.median(), inbound.percentile(99.0)),
    );

    let hook = webhook::latency(&rest, to, &phones[0], 300).await?;
    report.figure(
        "a phone's send to the webhook's receiver, p50 / p99 (its encryption included)",
        format!("{:.2} / {:.2} ms", hook.median(), hook.percentile(99.0)),
    );
    let fanout = fanout::measure(&app, to, &phones[0], 1000, 30).await?;
    report.figure(
        "a phone's send to the last of 1,000 readers of the stream, p50 / p99",
        format!("{:.1} / {:.1} ms", fanout.to_the_last.median(), fanout.to_the_last.percentile(99.0)),
    );
    report.figure("memory of 1,000 readers of the stream", format!("{:.1} MiB", fanout.memory));

    messages::breathe().await;
    let single = messages::send_rate(&world, std::slice::from_ref(&rest), std::slice::from_ref(one), to, 2000, 16).await?;
    messages::send_rate(&world, std::slice::from_ref(&rest), &channels, to, 5, 1).await?;
    let fifty = messages::send_rate(&world, std::slice::from_ref(&rest), &channels, to, 100, 4).await?;
    app.terminate().await?;
    drop(world);

    messages::breathe().await;
    let bare_single = bare::rate(1, 2000, 16).await?;
    let bare_fifty = bare::rate(50, 100, 4).await?;
    report.figure("messages per second, one channel", format!("{single:.0}/s (bare library {:.0}/s)", bare_single.per_second));
    report.at_least("… as a part of the bare library's", single / bare_single.per_second, 0.8, "×");
    report.figure("messages per second, 50 channels", format!("{fifty:.0}/s (bare library {:.0}/s)", bare_fifty.per_second));
    report.at_least("… as a part of the bare library's", fifty / bare_fifty.per_second, 0.8, "×");
    Ok(())
}
