//! The network without sockets: stanza in, stanzas out.
#![allow(clippy::unwrap_used)]

use wacore_binary::builder::NodeBuilder;

use super::keys::{Keys, PreKey};
use super::stanza::{bytes, child, children, content, empty, is, jid, text, topic, with};
use super::*;

const ADA: &str = "15550100001";
const BEA: &str = "15550100002";

/// Ada with a phone and two companions, Bea with a phone; all have keys and are attached.
struct Scene {
    network: Network,
    ada: [Link; 3],
    bea: Link,
    /// Bea's hidden id.
    bea_lid: Jid,
}

impl Scene {
    fn new() -> Self {
        let network = Network::new();
        network.create_account(ADA, "Ada").unwrap();
        let bea = network.create_account(BEA, "Bea").unwrap();
        network.with(|world| {
            for (account, device) in [(0, 0), (0, 1), (0, 2), (1, 0)] {
                world.accounts[account].devices.entry(device).or_default();
                let device = world.accounts[account].devices.get_mut(&device).unwrap();
                device.keys = Some(Keys { one_time: [PreKey { id: 7, key: [7; 32] }].into(), ..Keys::default() });
            }
        });
        let attach = |number: &str, device| network.attach(&Jid::pn_device(number, device)).unwrap();
        let ada = [attach(ADA, 0), attach(ADA, 1), attach(ADA, 2)];
        let bea_link = attach(BEA, 0);
        let mut scene = Self { network, ada, bea: bea_link, bea_lid: bea.lid };
        scene.hush();
        scene
    }

    /// Throws away what has been sent so far.
    fn hush(&mut self) {
        for link in self.ada.iter_mut().chain([&mut self.bea]) {
            while link.inbox.try_recv().is_ok() {}
        }
    }
}

fn sent(link: &mut Link) -> Vec<Node> {
    let mut stanzas = Vec::new();
    while let Ok(delivery) = link.inbox.try_recv() {
        if let Delivery::Stanza(stanza) = delivery {
            stanzas.push(stanza);
        }
    }
    stanzas
}

/// Submits and takes the one stanza that comes back to the sender.
fn ask(link: &mut Link, stanza: Node) -> Node {
    link.submit(stanza);
    let mut answers = sent(link);
    assert_eq!(answers.len(), 1, "{answers:#?}");
    answers.remove(0)
}

fn iq(kind: &'static str, namespace: &'static str, content: Node) -> Node {
    NodeBuilder::new("iq")
        .attr("id", "q1")
        .attr("to", stanza::server_jid())
        .attr("type", kind)
        .attr("xmlns", namespace)
        .children([content])
        .build()
}

fn enc(text: &'static [u8]) -> Node {
    with(with(bytes("enc", text), "v", 2), "type", "msg")
}

fn fan_out(to: &Jid, copies: &[Jid]) -> Node {
    let copies = copies.iter().map(|copy| NodeBuilder::new("to").attr("jid", copy.clone()).children([enc(b"sealed")]).build());
    NodeBuilder::new("message")
        .attr("id", "m1")
        .attr("to", to.clone())
        .attr("type", "text")
        .children([NodeBuilder::new("participants").children(copies).build(), bytes("device-identity", *b"adv")])
        .build()
}

fn receipt(to: &str, kind: Option<&'static str>, content: Option<Node>) -> Node {
    let receipt = NodeBuilder::new("receipt").attr("id", "m1").attr("to", to.parse::<Jid>().unwrap());
    let receipt = match kind {
        Some(kind) => receipt.attr("type", kind),
        None => receipt,
    };
    receipt.children(content).build()
}

#[test]
fn each_device_gets_its_own_copy_and_the_sender_an_ack() {
    let mut scene = Scene::new();
    let to = Jid::pn(BEA);
    let ack = ask(&mut scene.ada[1], fan_out(&to, &[to.clone(), Jid::pn(ADA), Jid::pn_device(ADA, 2)]));
    assert!(is(&ack, "class", "message") && is(&ack, "id", "m1") && is(&ack, "from", &to.to_string()));
    assert!(!ack.attrs.contains_key("error"));

    let theirs = sent(&mut scene.bea).remove(0);
    assert_eq!(jid(&theirs, "from"), Some(Jid::pn_device(ADA, 1)));
    assert!(is(&theirs, "sender_lid", "100000000007919@lid") && is(&theirs, "notify", "Ada"));
    assert!(!theirs.attrs.contains_key("recipient"));
    assert_eq!(content(child(&theirs, "enc").unwrap()).unwrap().as_ref(), b"sealed");
    assert!(child(&theirs, "device-identity").is_some() && child(&theirs, "participants").is_none());

    let own = sent(&mut scene.ada[2]).remove(0);
    assert!(is(&own, "recipient", &to.to_string()) && is(&own, "recipient_lid", &scene.bea_lid.to_string()));
    assert_eq!(scene.network.counters().devices_left_out, 0);
}

#[test]
fn a_message_to_a_lid_comes_from_a_lid() {
    let mut scene = Scene::new();
    let to = scene.bea_lid.clone();
    scene.ada[1].submit(fan_out(&to, std::slice::from_ref(&to)));
    let theirs = sent(&mut scene.bea).remove(0);
    assert_eq!(text(&theirs, "from").unwrap(), "100000000007919:1@lid");
    assert!(is(&theirs, "sender_pn", "15550100001@s.whatsapp.net") && is(&theirs, "addressing_mode", "lid"));
}

#[test]
fn devices_left_out_are_counted_and_the_hash_tells() {
    let mut scene = Scene::new();
    let to = Jid::pn(BEA);
    let whole = ask(&mut scene.ada[1], fan_out(&to, &[to.clone(), Jid::pn(ADA), Jid::pn_device(ADA, 2)]));
    let partial = ask(&mut scene.ada[1], fan_out(&to, &[to.clone(), Jid::pn(ADA)]));
    assert_eq!(scene.network.counters().devices_left_out, 1);
    assert_eq!(text(&whole, "phash"), text(&partial, "phash"), "the hash is of those it should have been");
}

#[test]
fn a_message_to_nobody_is_refused() {
    let mut scene = Scene::new();
    let nobody = Jid::pn("15550100099");
    let nack = ask(&mut scene.ada[0], fan_out(&nobody, std::slice::from_ref(&nobody)));
    assert!(is(&nack, "class", "message") && is(&nack, "error", "404"));
    assert_eq!(scene.network.counters().nacks, 1);
}

#[test]
fn a_retry_receipt_goes_to_the_device_that_sealed() {
    let mut scene = Scene::new();
    let to = Jid::pn(BEA);
    scene.ada[1].submit(fan_out(&to, &[to.clone(), Jid::pn(ADA), Jid::pn_device(ADA, 2)]));
    scene.hush();
    let retry = NodeBuilder::new("retry").attr("count", 1).attr("id", "m1").build();
    let ack = ask(&mut scene.bea, receipt("15550100001:1@s.whatsapp.net", Some("retry"), Some(retry)));
    assert!(is(&ack, "class", "receipt") && is(&ack, "type", "retry"));
    let asked = sent(&mut scene.ada[1]).remove(0);
    assert!(is(&asked, "type", "retry") && is(&asked, "from", "15550100002@s.whatsapp.net"));
    assert!(child(&asked, "retry").is_some());
    assert!(sent(&mut scene.ada[0]).is_empty() && sent(&mut scene.ada[2]).is_empty());

    // The resend goes to that device alone, and leaves nobody out.
    let resend = NodeBuilder::new("message")
        .attr("id", "m1")
        .attr("to", to)
        .attr("type", "text")
        .attr("device_fanout", "false")
        .children([with(enc(b"again"), "count", 1)])
        .build();
    scene.ada[1].submit(resend);
    assert!(is(&sent(&mut scene.bea)[0], "id", "m1"));
    assert_eq!(scene.network.counters().devices_left_out, 0);
}

#[test]
fn a_resend_to_an_own_device_names_the_chat() {
    let mut scene = Scene::new();
    let resend = NodeBuilder::new("message")
        .attr("id", "m1")
        .attr("to", Jid::pn_device(ADA, 2))
        .attr("recipient", Jid::pn(BEA))
        .attr("type", "text")
        .children([with(enc(b"again"), "count", 1)])
        .build();
    scene.ada[1].submit(resend);
    let own = sent(&mut scene.ada[2]).remove(0);
    assert!(is(&own, "recipient", "15550100002@s.whatsapp.net"));
    assert!(is(&own, "recipient_lid", &scene.bea_lid.to_string()));
}

#[test]
fn a_read_receipt_reaches_the_senders_devices_and_the_readers_other_ones() {
    let mut scene = Scene::new();
    let ack = ask(&mut scene.ada[1], receipt("15550100002@s.whatsapp.net", Some("read"), None));
    assert!(is(&ack, "class", "receipt"));
    let told = sent(&mut scene.bea).remove(0);
    assert!(is(&told, "from", "15550100001:1@s.whatsapp.net") && is(&told, "type", "read"));
    let own = sent(&mut scene.ada[2]).remove(0);
    assert!(is(&own, "recipient", "15550100002@s.whatsapp.net"));
}

#[test]
fn what_is_not_acknowledged_comes_again() {
    let mut scene = Scene::new();
    let to = Jid::pn(BEA);
    scene.ada[0].submit(fan_out(&to, std::slice::from_ref(&to)));
    assert_eq!(scene.network.counters().undelivered, 1);
    scene.bea = scene.network.attach(&to).unwrap();
    let again = sent(&mut scene.bea);
    assert!(is(&again[0], "id", "m1") && again[0].attrs.contains_key("offline"));
    assert!(child(&again[1], "offline").is_some_and(|end| is(end, "count", "1")));
    assert_eq!(scene.network.counters().redelivered, 1);

    scene.bea.submit(receipt("15550100001@s.whatsapp.net", None, None));
    assert_eq!(scene.network.counters().undelivered, 0);
    scene.bea = scene.network.attach(&to).unwrap();
    assert!(!sent(&mut scene.bea).iter().any(|stanza| stanza.tag == "message"));
}

#[test]
fn a_one_time_key_is_handed_out_once() {
    let mut scene = Scene::new();
    let asked = NodeBuilder::new("user").attr("jid", Jid::pn(BEA)).build();
    let question = iq("get", "encrypt", NodeBuilder::new("key").children([asked]).build());
    let has_key = |answer: &Node| {
        let user = &children(child(answer, "list").unwrap())[0];
        assert!(child(user, "skey").is_some() && child(user, "identity").is_some());
        child(user, "key").is_some()
    };
    assert!(has_key(&ask(&mut scene.ada[0], question.clone())));
    assert!(!has_key(&ask(&mut scene.ada[0], question)));
    assert_eq!(scene.network.counters().bundles_without_one_time_key, 1);
    let wanted = sent(&mut scene.bea);
    assert_eq!(wanted.len(), 1, "asked for more once");
    assert!(is(&wanted[0], "type", "encrypt") && topic(&wanted[0]) == "count");
}

fn usync(user: Node, protocols: Vec<Node>) -> Node {
    let query = NodeBuilder::new("query").children(protocols).build();
    let list = NodeBuilder::new("list").children([user]).build();
    iq("get", "usync", NodeBuilder::new("usync").attr("sid", "s1").children([query, list]).build())
}

fn first_user(answer: &Node) -> Node {
    children(child(child(answer, "usync").unwrap(), "list").unwrap())[0].clone()
}

#[test]
fn usync_keeps_the_address_form_of_the_question() {
    let mut scene = Scene::new();
    scene.network.publish_key_index_list(&Jid::pn(ADA), b"signed".to_vec()).unwrap();
    let ada_lid: Jid = "100000000007919@lid".parse().unwrap();
    for asked in [Jid::pn(ADA), ada_lid] {
        let user = NodeBuilder::new("user").attr("jid", asked.clone()).build();
        let answer = ask(&mut scene.bea, usync(user, vec![empty("devices"), empty("lid")]));
        let user = first_user(&answer);
        assert_eq!(jid(&user, "jid"), Some(asked));
        let devices = child(&user, "devices").unwrap();
        assert_eq!(children(child(devices, "device-list").unwrap()).len(), 3);
        assert_eq!(content(child(devices, "key-index-list").unwrap()).unwrap().as_ref(), b"signed");
        assert!(is(child(&user, "lid").unwrap(), "val", "100000000007919@lid"));
    }
}

#[test]
fn usync_tells_who_is_on_whatsapp() {
    let mut scene = Scene::new();
    for (number, verdict) in [("+15550100002", "in"), ("+15550100098", "out")] {
        let contact = NodeBuilder::new("contact").string_content(number).build();
        let user = NodeBuilder::new("user").children([contact]).build();
        let answer = ask(&mut scene.ada[0], usync(user, vec![empty("contact")]));
        assert!(is(child(&first_user(&answer), "contact").unwrap(), "type", verdict), "{number}");
    }
}

#[test]
fn of_two_patches_on_one_version_the_second_is_refused_with_what_it_missed() {
    let mut scene = Scene::new();
    let patch = |version: u64| {
        let collection = NodeBuilder::new("collection")
            .attr("name", "regular")
            .attr("version", version)
            .children([bytes("patch", Vec::new())])
            .build();
        iq("set", "w:sync:app:state", NodeBuilder::new("sync").children([collection]).build())
    };
    let collection = |answer: &Node| children(child(answer, "sync").unwrap())[0].clone();

    let stored = collection(&ask(&mut scene.ada[0], patch(0)));
    assert!(is(&stored, "version", "1") && !is(&stored, "type", "error"));
    let told = sent(&mut scene.ada[1]).remove(0);
    assert!(is(&told, "type", "server_sync") && topic(&told) == "collection");

    let refused = collection(&ask(&mut scene.ada[1], patch(0)));
    assert!(is(&refused, "type", "error") && is(child(&refused, "error").unwrap(), "code", "409"));
    assert_eq!(children(child(&refused, "patches").unwrap()).len(), 1);
    assert!(is(&collection(&ask(&mut scene.ada[1], patch(1))), "version", "2"));
}

#[test]
fn an_unknown_question_is_answered_and_counted() {
    let mut scene = Scene::new();
    let answer = ask(&mut scene.ada[0], iq("get", "from:the:future", empty("hello")));
    assert!(is(&answer, "type", "error") && is(child(&answer, "error").unwrap(), "code", "501"));
    let counters = scene.network.counters();
    assert_eq!(counters.unknown_stanzas, 1);
    assert_eq!(counters.unknown_kinds.get("iq:from:the:future:hello"), Some(&1));
}

#[test]
fn presence_goes_to_those_who_watch() {
    let mut scene = Scene::new();
    let presence = |kind: &'static str| NodeBuilder::new("presence").attr("type", kind).build();
    scene.bea.submit(presence("available"));
    scene.bea.submit(with(presence("subscribe"), "to", Jid::pn(ADA)));
    let now = sent(&mut scene.bea).remove(0);
    assert!(is(&now, "type", "unavailable"));
    scene.ada[0].submit(presence("available"));
    let there = sent(&mut scene.bea).remove(0);
    assert!(is(&there, "from", "15550100001@s.whatsapp.net") && !there.attrs.contains_key("type"));
    scene.ada[0].submit(presence("unavailable"));
    let gone = sent(&mut scene.bea).remove(0);
    assert!(is(&gone, "type", "unavailable") && gone.attrs.contains_key("last"));
}

#[test]
fn an_unlinked_device_is_gone_for_everybody() {
    let mut scene = Scene::new();
    let to = Jid::pn(BEA);
    scene.ada[1].submit(fan_out(&to, std::slice::from_ref(&to)));
    scene.hush();
    scene.network.unlink(&Jid::pn_device(ADA, 1), Some(b"newer".to_vec())).unwrap();
    let last = sent(&mut scene.ada[1]);
    assert!(is(child(&last[0], "conflict").unwrap(), "type", "device_removed"));
    let told = sent(&mut scene.bea).remove(0);
    assert!(is(&told, "type", "devices") && topic(&told) == "remove");
    let own = sent(&mut scene.ada[0]).remove(0);
    assert!(is(&own, "type", "account_sync"));
    assert_eq!(scene.network.submit(&Jid::pn_device(ADA, 1), empty("presence")), Err(NetworkError::NoDevice));
    assert_eq!(scene.network.unlink(&Jid::pn(ADA), None), Err(NetworkError::Primary));
}

#[test]
fn a_reference_that_nobody_shows_pairs_nothing() {
    let scene = Scene::new();
    let answer = PairingAnswer {
        reference: "2@made-up".into(),
        device_identity: Vec::new(),
        key_index: 1,
        key_index_list: Vec::new(),
        client_props: None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let outcome = runtime.block_on(scene.network.accept_pairing(&Jid::pn(ADA), answer));
    assert_eq!(outcome, Err(PairError::UnknownReference));
}

#[test]
fn numbers_that_are_none_make_no_account() {
    let network = Network::new();
    assert!(matches!(network.create_account("+1 555", "Ada"), Err(NetworkError::BadNumber(_))));
    network.create_account(ADA, "Ada").unwrap();
    assert_eq!(network.create_account(ADA, "Ada"), Err(NetworkError::AccountExists));
}

#[test]
fn a_restored_network_knows_everybody_and_keeps_what_waits() {
    let scene = Scene::new();
    let to = Jid::pn(BEA);
    scene.network.publish_key_index_list(&Jid::pn(ADA), b"signed".to_vec()).unwrap();
    scene.ada[0].submit(fan_out(&to, std::slice::from_ref(&to)));
    let saved = scene.network.save();

    let network = Network::new();
    network.restore(&saved).unwrap();
    assert_eq!(network.accounts(), scene.network.accounts());
    let offline = |views: Vec<DeviceView>| -> Vec<DeviceView> {
        views.into_iter().map(|view| DeviceView { online: false, ..view }).collect()
    };
    assert_eq!(network.devices(&Jid::pn(ADA)), offline(scene.network.devices(&Jid::pn(ADA))));
    let mut bea = network.attach(&to).unwrap();
    assert!(is(&sent(&mut bea)[0], "id", "m1"));

    assert!(matches!(network.restore(&saved), Err(RestoreError::InUse)));
    assert!(matches!(Network::new().restore(b"{}"), Err(RestoreError::Unreadable(_))));
    let newer = String::from_utf8(saved).unwrap().replacen("\"format\":1", "\"format\":9", 1);
    assert!(matches!(Network::new().restore(newer.as_bytes()), Err(RestoreError::Format(9))));
}
