//! What a container, a pod and a service must not be able to do.

use crate::files::{compose, documents, items, list, pod};
use serde_json::{Value, json};

#[test]
fn no_container_of_compose_can_do_more_than_it_has_to() {
    let compose = compose();
    for (name, service) in items(&compose["services"]) {
        assert_eq!(service["read_only"], true, "{name}");
        assert_eq!(service["cap_drop"], json!(["ALL"]), "{name}");
        assert_eq!(service["security_opt"], json!(["no-new-privileges:true"]), "{name}");
        assert_eq!(service["ulimits"]["core"], 0, "{name}");
        let user = service["user"].as_str().unwrap();
        assert!(user.split(':').all(|id| id.parse::<u32>().unwrap() > 0), "{name} runs as {user}");
        assert!(service["pids_limit"].as_u64().unwrap() <= 256, "{name}");
        assert_eq!(service["memswap_limit"], service["mem_limit"], "{name}: what is in its memory could be swapped out");
        assert!(service["stop_grace_period"].is_string(), "{name}");
        for forbidden in ["privileged", "cap_add", "pid", "ipc", "devices", "env_file"] {
            assert!(service[forbidden].is_null(), "{name} has {forbidden}");
        }
        let published = service["ports"].as_array().cloned().unwrap_or_default();
        assert!(published.iter().all(|port| port.as_str().unwrap().starts_with("127.0.0.1:")), "{name}: {published:?}");
    }
    assert_eq!(compose["networks"]["stores"]["internal"], true);
    for store in ["postgres", "redis"] {
        assert_eq!(compose["services"][store]["networks"], json!(["stores"]));
        assert!(compose["services"][store]["ports"].is_null());
    }
}

#[test]
fn there_are_two_workers_each_with_a_proxy_in_its_network() {
    let compose = compose();
    let services = &compose["services"];
    let workers: Vec<_> = items(services).filter(|(name, _)| name.starts_with("worker-")).collect();
    assert_eq!(workers.len(), 2);
    for (name, worker) in workers {
        let proxy = &services[&name.replace("worker", "proxy")];
        assert_eq!(proxy["network_mode"], format!("service:{name}"));
        let drain: u64 = worker["environment"]["WHATISUP_CHANNELS_DRAIN_SECONDS"].as_str().unwrap().parse().unwrap();
        assert!(seconds(&worker["stop_grace_period"]) > drain + 10);
        assert!(seconds(&proxy["stop_grace_period"]) > drain, "it may not go before its worker");
        assert_eq!(worker["environment"]["WHATISUP_WORKER_NAME"].as_str(), Some(name.as_str()));
    }
}

fn seconds(value: &Value) -> u64 {
    value.as_str().unwrap().strip_suffix('s').unwrap().parse().unwrap()
}

#[test]
fn the_pod_is_restricted() {
    let pod = pod();
    let context = &pod["securityContext"];
    assert_eq!(context["runAsNonRoot"], true);
    assert_eq!(context["seccompProfile"]["type"], "RuntimeDefault");
    assert_eq!(pod["automountServiceAccountToken"], false);
    // Its variables would begin with WHATISUP_ and be unknown settings.
    assert_eq!(pod["enableServiceLinks"], false);
    for shared in ["hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace"] {
        assert_eq!(pod[shared], false);
    }
    for container in list(&pod["containers"]).chain(list(&pod["initContainers"])) {
        let context = &container["securityContext"];
        assert_eq!(context["allowPrivilegeEscalation"], false);
        assert_eq!(context["readOnlyRootFilesystem"], true);
        assert_eq!(context["capabilities"], json!({"drop": ["ALL"]}));
        assert!(container["resources"]["limits"]["memory"].is_string());
        assert!(container["startupProbe"].is_object() && container["livenessProbe"].is_object());
    }
    for volume in list(&pod["volumes"]) {
        let allowed = ["emptyDir", "secret", "configMap"].iter().any(|kind| volume[kind].is_object());
        assert!(allowed && volume["hostPath"].is_null(), "{volume}");
        // 0440, as a number.
        assert!(volume["secret"].is_null() || volume["secret"]["defaultMode"] == 0o440, "{volume}");
    }
}

#[test]
fn a_rolling_restart_takes_one_worker_at_a_time_and_leaves_it_its_time() {
    let documents = documents("kubernetes.yaml");
    let of = |kind: &str| documents.iter().find(|d| d["kind"] == kind).unwrap();
    let deployment = of("Deployment");
    assert_eq!(deployment["spec"]["strategy"]["rollingUpdate"], json!({"maxUnavailable": 1, "maxSurge": 0}));
    assert!(deployment["spec"]["replicas"].as_u64().unwrap() >= 3);
    assert_eq!(of("PodDisruptionBudget")["spec"]["maxUnavailable"], 1);
    let pod = pod();
    let settings = documents.iter().find(|d| d["metadata"]["name"] == "whatisup-settings").unwrap();
    let drain: u64 = settings["data"]["WHATISUP_CHANNELS_DRAIN_SECONDS"].as_str().unwrap().parse().unwrap();
    let pause = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"].as_u64().unwrap();
    assert!(pod["terminationGracePeriodSeconds"].as_u64().unwrap() > drain + pause + 10);
    // All of them choose the same pods.
    let labels = &deployment["spec"]["template"]["metadata"]["labels"];
    assert_eq!(of("PodDisruptionBudget")["spec"]["selector"]["matchLabels"], *labels);
    assert_eq!(of("Service")["spec"]["selector"], *labels);
    assert_eq!(deployment["spec"]["selector"]["matchLabels"], *labels);
    assert!(list(&pod["topologySpreadConstraints"]).all(|c| c["labelSelector"]["matchLabels"] == *labels));
}

#[test]
fn the_network_is_closed_but_for_what_is_named() {
    let documents = documents("kubernetes.yaml");
    let policy = |name: &str| {
        documents.iter().find(|d| d["kind"] == "NetworkPolicy" && d["metadata"]["name"] == name).unwrap()["spec"].clone()
    };
    let nothing = policy("nothing");
    assert_eq!(nothing, json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}));
    let ours = policy("whatisup");
    assert_eq!(ours["ingress"][0]["ports"], json!([{"port": 8443, "protocol": "TCP"}]));
    let everywhere = list(&ours["egress"]).flat_map(|rule| list(&rule["to"])).filter(|to| to["ipBlock"]["cidr"] == "0.0.0.0/0");
    let excepted: Vec<_> = everywhere.flat_map(|to| list(&to["ipBlock"]["except"])).map(|net| net.as_str().unwrap()).collect();
    for inside in ["10.0.0.0/8", "169.254.0.0/16", "127.0.0.0/8", "192.168.0.0/16", "172.16.0.0/12"] {
        assert!(excepted.contains(&inside), "{inside} can be reached: cloud metadata and neighbours");
    }
}
