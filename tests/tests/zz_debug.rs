#![allow(clippy::unwrap_used)]
use acceptance::desktop::*;
use acceptance::desktop::page::Page;
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn debug() {
    let d = Desktop::start(EVERYTHING).await.unwrap();
    let mut start = d.application();
    if std::env::var("DRIVEN").is_ok() { start.driven_at = Some(acceptance::process::free_port()); }
    let shell = d.launch(&start).unwrap();
    d.shows_windows("WhatIsUp", 1).await.unwrap();
    let t0 = std::time::Instant::now();
    for i in 0..8 {
        d.photograph(std::path::Path::new(&format!("/tmp/pictures/d{i}.png"))).await.unwrap();
        println!("{i} {:?} {}", t0.elapsed(), std::fs::metadata(format!("/tmp/pictures/d{i}.png")).unwrap().len());
        tokio::time::sleep(std::time::Duration::from_millis(700)).await;
    }
    if start.driven_at.is_some() {
        let page = Page::join(&d, &shell).await.unwrap();
        let rest = shell.rest(&d).await.unwrap();
        let c = rest.create_channel("Front desk").await.unwrap();
        let qr = until("qr", || async { rest.qr(&c).await }).await.unwrap();
        println!("{qr}");
        let svg = rest.get(&format!("/v1/channels/{c}/qr")).await.unwrap();
        println!("{}", &svg.to_string()[..svg.to_string().len().min(600)]);
        page.client.execute(&format!("location.hash = '#/pair/{c}'"), vec![]).await.unwrap();
        page.sees(fantoccini::Locator::Css("img[alt^='QR code']")).await.unwrap();
        let r = page.client.execute_async("const done = arguments[0]; const out = []; document.addEventListener('securitypolicyviolation', e => out.push(e.violatedDirective + ' ' + e.blockedURI + ' ' + e.sourceFile)); const i = document.querySelector(\"img[alt^='QR code']\"); const j = new Image(); j.onload = () => out.push('load ' + j.naturalWidth); j.onerror = () => out.push('error'); j.src = i.src; const k = new Image(); k.onload = () => out.push('k load'); k.onerror = () => out.push('k error'); k.src = 'data:image/svg+xml,' + encodeURIComponent('<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"10\" height=\"10\"><rect width=\"5\" height=\"5\"/></svg>'); const l = new Image(); l.onload = () => out.push('png load'); l.onerror = () => out.push('png error'); l.src='data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='; setTimeout(() => done(JSON.stringify([out, i.src.slice(0,300), i.complete, i.naturalWidth])), 1500)", vec![]).await.unwrap();
        println!("{}", r.as_str().unwrap());
    }
    println!("{}", shell.printed());
}
