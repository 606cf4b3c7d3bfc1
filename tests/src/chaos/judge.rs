//! What must hold after any amount of chaos. Pure, so that it can be shown to find each fault.

use super::evidence::{Evidence, Heard};
use std::collections::{HashMap, HashSet};

/// Everything that does not hold, in words. Empty is innocent.
pub fn judge(evidence: &Evidence) -> Vec<String> {
    let mut found = Vec::new();
    sends(evidence, &mut found);
    told(evidence, &mut found);
    receives(evidence, &mut found);
    log(evidence, &mut found);
    for heard in &evidence.heard {
        deliveries(evidence, heard, &mut found);
    }
    found
}

/// Every accepted send is at its phone exactly once, in the order of acceptance.
fn sends(evidence: &Evidence, found: &mut Vec<String>) {
    let mut wanted: HashMap<(String, String), Vec<&str>> = HashMap::new();
    for send in &evidence.accepted {
        wanted.entry((send.to.clone(), send.channel.clone())).or_default().push(&send.whatsapp_id);
    }
    for (chat, ids) in wanted {
        let arrived = evidence.arrived.get(&chat).map(Vec::as_slice).unwrap_or_default();
        let ours: Vec<&str> = arrived.iter().map(String::as_str).filter(|id| ids.contains(id)).collect();
        for id in &ids {
            match ours.iter().filter(|o| *o == id).count() {
                1 => {}
                n => found.push(format!("send {id} of {} is {n} times at {}", chat.1, chat.0)),
            }
        }
        if ours.len() == ids.len() && ours != ids {
            let at = ours.iter().zip(&ids).position(|(a, b)| a != b).unwrap_or(0);
            found.push(format!("sends of {} to {} are out of order from place {at} on", chat.1, chat.0));
        }
        let strange = arrived.iter().filter(|id| !ids.contains(&id.as_str())).count();
        // A send whose answer was lost may have been accepted all the same; its key makes the repetition the same message.
        if strange > 0 {
            found.push(format!("{strange} messages at {} that {} was never asked to send", chat.0, chat.1));
        }
    }
}

/// Every accepted send is told to be delivered.
fn told(evidence: &Evidence, found: &mut Vec<String>) {
    let delivered: HashSet<&str> = evidence
        .log
        .iter()
        .filter(|e| e["type"] == "message.delivered")
        .filter_map(|e| e["data"]["message"]["id"].as_str())
        .collect();
    for send in evidence.accepted.iter().filter(|send| !delivered.contains(send.id.as_str())) {
        found.push(format!("nobody was told that send {} of {} was delivered", send.whatsapp_id, send.channel));
    }
}

/// Every text of a phone is exactly one `message.received`, in the order of writing.
fn receives(evidence: &Evidence, found: &mut Vec<String>) {
    let mut received: HashMap<(&str, &str), Vec<&str>> = HashMap::new();
    let mut times: HashMap<(&str, &str), usize> = HashMap::new();
    for event in evidence.log.iter().filter(|e| e["type"] == "message.received") {
        let message = &event["data"]["message"];
        let phone = message["sender"]["phone"].as_str().unwrap_or_default().trim_start_matches('+');
        let (channel, id) =
            (message["channel_id"].as_str().unwrap_or_default(), message["whatsapp_id"].as_str().unwrap_or_default());
        received.entry((channel, phone)).or_default().push(id);
        *times.entry((channel, id)).or_default() += 1;
    }
    let mut wanted: HashMap<(&str, &str), Vec<&str>> = HashMap::new();
    for text in &evidence.written {
        wanted.entry((&text.channel, &text.by)).or_default().push(&text.whatsapp_id);
        match times.get(&(text.channel.as_str(), text.whatsapp_id.as_str())) {
            Some(1) => {}
            None => found.push(format!("text {} of {} to {} was lost", text.whatsapp_id, text.by, text.channel)),
            Some(n) => found.push(format!("text {} of {} was received {n} times", text.whatsapp_id, text.by)),
        }
    }
    for (chat, ids) in wanted {
        let all = received.get(&chat).map(Vec::as_slice).unwrap_or_default();
        let ours: Vec<&str> = all.iter().copied().filter(|id| ids.contains(id)).collect();
        if ours.len() == ids.len() && ours != ids {
            found.push(format!("texts of {} to {} came out of order", chat.1, chat.0));
        }
    }
}

/// The log counts by one, and no id is there twice.
fn log(evidence: &Evidence, found: &mut Vec<String>) {
    let mut ids = HashSet::new();
    for (place, event) in evidence.log.iter().enumerate() {
        if event["seq"].as_u64() != Some(place as u64 + 1) {
            found.push(format!("the log has {} at place {}", event["seq"], place + 1));
            break;
        }
        if !ids.insert(event["id"].as_str()) {
            found.push(format!("event id {} is there twice", event["id"]));
        }
    }
}

/// A receiver heard every event that matches at least once, none before an earlier one, and nothing that is not in the log.
fn deliveries(evidence: &Evidence, heard: &Heard, found: &mut Vec<String>) {
    let takes = |kind: &str| heard.families.is_empty() || heard.families.iter().any(|f| kind.starts_with(f.as_str()));
    let wanted: Vec<u64> = evidence
        .log
        .iter()
        .filter(|e| e["type"].as_str().is_some_and(takes))
        .filter_map(|e| e["seq"].as_u64())
        .filter(|seq| *seq > heard.from_seq)
        .collect();
    // After a crash the last one may come again; anything older never does.
    let mut distinct: Vec<u64> = Vec::new();
    for seq in &heard.seqs {
        match distinct.last() {
            Some(last) if last == seq => {}
            Some(last) if last > seq => {
                found.push(format!("{}: event {seq} came after event {last}", heard.receiver));
            }
            Some(_) | None => distinct.push(*seq),
        }
    }
    let got: HashSet<u64> = distinct.iter().copied().collect();
    for missing in wanted.iter().filter(|seq| !got.contains(seq)) {
        found.push(format!("{}: event {missing} never came", heard.receiver));
    }
    let known: HashSet<u64> = wanted.iter().copied().collect();
    for strange in distinct.iter().filter(|seq| !known.contains(seq)) {
        found.push(format!("{}: event {strange} was not for it", heard.receiver));
    }
    if heard.forged > 0 {
        found.push(format!("{}: {} requests without a good signature", heard.receiver, heard.forged));
    }
}

#[cfg(test)]
mod tests {
    use super::super::evidence::{Accepted, Written};
    use super::*;
    use serde_json::{Value, json};

    fn event(seq: u64, id: &str) -> Value {
        json!({ "seq": seq, "id": format!("evt_{seq}"), "type": "message.received", "data": { "message": {
            "channel_id": "ch", "whatsapp_id": id, "sender": { "phone": "+15550100102" } } } })
    }

    fn delivered(seq: u64, id: &str) -> Value {
        let message = json!({ "channel_id": "ch", "whatsapp_id": id, "id": format!("msg_{id}") });
        json!({ "seq": seq, "id": format!("evt_{seq}"), "type": "message.delivered", "data": { "message": message } })
    }

    fn good() -> Evidence {
        let send = |id: &str| Accepted {
            channel: "ch".into(),
            to: "15550100102".into(),
            id: format!("msg_{id}"),
            whatsapp_id: id.into(),
        };
        let text = |id: &str| Written { channel: "ch".into(), by: "15550100102".into(), whatsapp_id: id.into() };
        Evidence {
            accepted: vec![send("A"), send("B")],
            written: vec![text("X"), text("Y")],
            arrived: HashMap::from([(("15550100102".to_owned(), "ch".to_owned()), vec!["A".to_owned(), "B".to_owned()])]),
            log: vec![event(1, "X"), event(2, "Y"), delivered(3, "A"), delivered(4, "B")],
            heard: vec![Heard { receiver: "steady".into(), seqs: vec![1, 1, 2, 3, 4], ..Heard::default() }],
            restarts: 1,
        }
    }

    fn accuses(change: impl FnOnce(&mut Evidence), words: &str) {
        let mut evidence = good();
        change(&mut evidence);
        let found = judge(&evidence);
        assert!(found.iter().any(|f| f.contains(words)), "{words:?} is not in {found:?}");
    }

    #[test]
    fn a_good_run_is_innocent() {
        assert_eq!(judge(&good()), Vec::<String>::new());
    }

    #[test]
    fn every_kind_of_fault_is_found() {
        let chat = || ("15550100102".to_owned(), "ch".to_owned());
        accuses(|e| e.arrived.insert(chat(), vec!["A".into()]).map_or((), drop), "send B of ch is 0 times");
        accuses(|e| e.arrived.entry(chat()).or_default().push("A".into()), "send A of ch is 2 times");
        accuses(|e| e.arrived.entry(chat()).or_default().reverse(), "out of order");
        accuses(|e| e.arrived.entry(chat()).or_default().push("Q".into()), "never asked to send");
        accuses(|e| drop(e.log.remove(1)), "text Y of 15550100102 to ch was lost");
        accuses(|e| drop(e.log.pop()), "nobody was told that send B of ch was delivered");
        accuses(|e| e.log.push(event(5, "Y")), "received 2 times");
        accuses(|e| e.log = vec![event(1, "Y"), event(2, "X")], "came out of order");
        accuses(|e| e.log.push(event(6, "Z")), "the log has 6 at place 5");
        accuses(|e| e.heard[0].seqs = vec![1], "event 2 never came");
        accuses(|e| e.heard[0].seqs = vec![1, 2, 1], "event 1 came after event 2");
        accuses(|e| e.heard[0].seqs.push(9), "was not for it");
        accuses(|e| e.heard[0].forged = 1, "without a good signature");
    }
}
