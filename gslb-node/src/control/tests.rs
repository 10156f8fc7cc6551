//! The routes over a real cluster of one node.

use super::lab::{Lab, TRAFFIC};
use gslb_consensus::identity::Peer;
use gslb_consensus::raft::Origin;
use gslb_consensus::state::NodeRecord;
use serde_json::{Value, json};

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_dry_run_changes_nothing_and_an_export_applies_as_it_is() {
    let lab = Lab::start().await;
    let (status, dry) = lab.ask("PUT", "/v1/config?dry_run=true", TRAFFIC).await;
    assert_eq!((status.as_u16(), dry["changes"].as_array().unwrap().len()), (200, 6), "{dry}");
    assert_eq!(lab.ask("GET", "/v1/config", "").await.1, json!(""));
    lab.apply().await;
    let (_, first) = lab.ask("GET", "/v1/config?consistency=linearizable", "").await;
    let (_, again) = lab.ask("PUT", "/v1/config", text(&first)).await;
    assert_eq!(again["changes"], json!([]), "{again}");
    assert_eq!(lab.ask("GET", "/v1/config", "").await.1, first);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn faults_are_named_and_a_stale_expectation_conflicts() {
    let lab = Lab::start().await;
    let (status, error) =
        lab.ask("PUT", "/v1/config", "[[regions]]\nid = \"fra\"\nweight = 5000\n").await;
    assert_eq!((status.as_u16(), &error["code"]), (422, &json!("invalid")));
    assert_eq!(error["faults"][0]["path"], "regions[fra].weight");
    assert_eq!(error["faults"][0]["line"], 3);
    lab.apply().await;
    for path in ["/v1/config?expect=1", "/v1/config?expect=7.1", "/v1/config?expect=1&dry_run=true"]
    {
        let (status, error) = lab.ask("PUT", path, TRAFFIC).await;
        assert_eq!((status.as_u16(), &error["code"]), (409, &json!("conflict")), "{path}");
    }
    let (_, cluster) = lab.ask("GET", "/v1/status", "").await;
    let path = format!("/v1/config?expect={}", text(&cluster["config"]));
    assert_eq!(lab.ask("PUT", &path, TRAFFIC).await.0, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_weight_and_an_override_are_set_only_if_they_are_as_they_were_seen() {
    let lab = Lab::start().await;
    lab.apply().await;
    let weigh = async |expect: &str| {
        let body = json!({ "region": "fra", "weight": 20, "expect": expect }).to_string();
        lab.ask("POST", "/v1/weights", &body).await
    };
    assert_eq!(weigh("none").await.0, 200);
    let (status, error) = weigh("none").await;
    assert_eq!((status.as_u16(), &error["code"]), (409, &json!("conflict")));
    assert!(text(&error["message"]).contains("runtime weight of fra last changed at"), "{error}");
    let (status, error) = weigh("yesterday").await;
    assert_eq!((status.as_u16(), &error["code"]), (400, &json!("bad_request")), "{error}");
    let (_, weights) = lab.ask("GET", "/v1/weights?consistency=linearizable", "").await;
    assert_eq!(weights["consistency"], "linearizable");
    let line = &weights["weights"][0];
    assert_eq!((&line["region"], &line["weight"]), (&json!("fra"), &json!(20)), "{weights}");
    assert_eq!(weigh(text(&line["changed"])).await.0, 200);
    assert_eq!(weigh(text(&line["changed"])).await.0, 409, "it changed meanwhile");
    let drain =
        json!({ "target": "fra", "kind": "drain", "reason": "x", "for": "1h", "expect": "none" });
    assert_eq!(lab.ask("POST", "/v1/overrides", &drain.to_string()).await.0, 200);
    let (_, lines) = lab.ask("GET", "/v1/overrides", "").await;
    let at = |revision: &str| format!("/v1/overrides/fra?expect={revision}");
    assert_eq!(lab.ask("DELETE", &at("0.1"), "").await.0, 409);
    assert_eq!(lab.ask("DELETE", &at(text(&lines[0]["changed"])), "").await.0, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn only_an_operator_changes_things_and_only_what_is_known() {
    let lab = Lab::start().await;
    lab.apply().await;
    let body = r#"{"region":"fra","weight":20,"reason":"test"}"#;
    for (peer, code) in [(None, 401), (Some(Peer::Node(2)), 403)] {
        assert_eq!(lab.ask_as(peer, &[], "POST", "/v1/weights", body).await.0, code);
    }
    for (body, status, code) in [
        (r#"{"region":"fra","wait":20}"#, 400, "bad_request"),
        (r#"{"region":"Fra!","weight":20}"#, 400, "bad_request"),
        (r#"{"region":"nrt","weight":20}"#, 404, "not_found"),
        (r#"{"region":"fra","weight":1001}"#, 422, "invalid"),
    ] {
        let (got, error) = lab.ask("POST", "/v1/weights", body).await;
        assert_eq!((got.as_u16(), text(&error["code"])), (status, code), "{body}");
    }
    let (status, error) = lab.ask("GET", "/v1/nothing", "").await;
    assert_eq!((status.as_u16(), text(&error["code"])), (404, "not_found"));
    let (status, error) = lab.ask("PATCH", "/v1/status", "").await;
    assert_eq!((status.as_u16(), text(&error["code"])), (405, "method_not_allowed"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_runtime_weight_shows_beside_the_files_until_it_is_cleared() {
    let lab = Lab::start().await;
    lab.apply().await;
    let body = r#"{"region":"fra","weight":20,"reason":"test"}"#;
    let (_, applied) = lab.ask("POST", "/v1/weights", body).await;
    assert_eq!(applied["change"], "set-weight fra 20");
    let (_, status) = lab.ask("GET", "/v1/status", "").await;
    let fra = &status["regions"][0];
    assert_eq!((&fra["weight"], &fra["declared"]), (&json!(20), &json!(100)));
    assert_eq!(fra["runtime"]["actor"], "ann");
    let (_, export) = lab.ask("GET", "/v1/config", "").await;
    assert!(
        text(&export).starts_with("# region fra has the runtime weight 20 (by ann)"),
        "{export}"
    );
    let (_, dry) = lab.ask("PUT", "/v1/config?dry_run=true", text(&export)).await;
    assert!(text(&dry["notes"][0]).contains("set-weight fra --clear ends it"), "{dry}");
    let (_, cleared) = lab.ask("POST", "/v1/weights", r#"{"region":"fra","weight":null}"#).await;
    assert_eq!(cleared["change"], "set-weight fra --clear");
    assert!(!text(&lab.ask("GET", "/v1/config", "").await.1).starts_with('#'));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_retry_does_not_apply_twice() {
    let lab = Lab::start().await;
    lab.apply().await;
    let body = r#"{"region":"fra","weight":20}"#;
    let ann = || Some(Peer::Admin("ann".into()));
    let headers = [("gslb-client", "00ab"), ("gslb-seq", "1")];
    let (_, first) = lab.ask_as(ann(), &headers, "POST", "/v1/weights", body).await;
    let (_, second) = lab.ask_as(ann(), &headers, "POST", "/v1/weights", body).await;
    assert_eq!(first["revision"], second["revision"]);
    let (_, audit) = lab.ask("GET", "/v1/audit", "").await;
    let made: Vec<&Value> = audit["entries"].as_array().unwrap().iter().collect();
    let weights = made.iter().filter(|e| e["change"] == "set-weight fra 20").count();
    assert_eq!(weights, 1, "{audit}");
    let half = [("gslb-client", "00ab")];
    assert_eq!(lab.ask_as(ann(), &half, "POST", "/v1/weights", body).await.0, 400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_override_has_an_end_or_says_that_it_has_none() {
    let lab = Lab::start().await;
    lab.apply().await;
    for (body, status) in [
        (r#"{"target":"fra","kind":"drain","reason":"x"}"#, 400),
        (r#"{"target":"fra","kind":"drain","reason":"x","for":"1h","permanent":true}"#, 400),
        (r#"{"target":"fra","kind":"drain","reason":"x","for":"73h"}"#, 422),
        (r#"{"target":"fra","kind":"drain","reason":" ","for":"1h"}"#, 422),
        (r#"{"target":"nrt","kind":"drain","reason":"x","for":"1h"}"#, 404),
        (r#"{"target":"web-fra-1","kind":"force_down","reason":"x","for":"1h"}"#, 200),
    ] {
        let (got, error) = lab.ask("POST", "/v1/overrides", body).await;
        assert_eq!(got.as_u16(), status, "{body}: {error}");
    }
    let (_, health) = lab.ask("GET", "/v1/health", "").await;
    assert_eq!(health["endpoints"][0]["state"], "forced down");
    assert_eq!(health["endpoints"][0]["why"], "override");
    let (_, overrides) = lab.ask("GET", "/v1/overrides", "").await;
    assert_eq!(overrides[0]["owner"], "ann");
    let (_, status) = lab.ask("GET", "/v1/status", "").await;
    assert_eq!(status["regions"][0]["state"], "down");
    assert_eq!(lab.ask("DELETE", "/v1/overrides/web-fra-1?reason=done", "").await.0, 200);
    assert_eq!(lab.ask("DELETE", "/v1/overrides/web-fra-1", "").await.0, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_wait_ends_when_the_revision_is_served_and_names_who_is_missing() {
    let lab = Lab::start().await;
    lab.apply().await;
    // A node that was added but never started.
    let record =
        NodeRecord { name: "n2".into(), raft: "127.0.0.1:1".into(), api: "127.0.0.1:1".into() };
    lab.cluster.add_node(None, record, Origin::new("ann")).await.unwrap();
    let (_, changed) = lab.ask("POST", "/v1/weights", r#"{"region":"fra","weight":20}"#).await;
    let revision = text(&changed["revision"]);
    let (_, reply) = lab.ask("GET", &format!("/v1/wait?revision={revision}&timeout=10s"), "").await;
    assert_eq!((&reply["done"], &reply["serving"]), (&json!(true), &json!(["n1"])), "{reply}");
    assert_eq!(reply["silent"], json!(["n2"]), "{reply}");
    let (_, reply) = lab.ask("GET", "/v1/wait?revision=0.999999&timeout=10ms", "").await;
    assert_eq!(
        (&reply["done"], &reply["behind"][0]["name"]),
        (&json!(false), &json!("n1")),
        "{reply}"
    );
    for bad in ["revision=7", "revision=0.7&timeout=ten", "revision=0.7&timeout=6m", "timeout=1s"] {
        assert_eq!(lab.ask("GET", &format!("/v1/wait?{bad}"), "").await.0, 400, "{bad}");
    }
    let (_, status) = lab.ask("GET", "/v1/status", "").await;
    assert_eq!(status["nodes"][1]["heard"], false);
    assert!(
        text(&status["warnings"][0]).starts_with("node n2 was added but has not joined"),
        "{status}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_explanation_says_why_each_region_stands_where_it_does() {
    let lab = Lab::start().await;
    lab.apply().await;
    let path = "/v1/explain?name=www.g.example&client=203.0.113.7";
    let (_, told) = lab.ask("GET", path, "").await;
    assert_eq!((text(&told["kind"]), text(&told["type"])), ("steered", "A"), "{told}");
    assert_eq!(told["summary"], "this client is led to fra");
    assert_eq!(told["reasons"][0]["filter"], "failover");
    let first = &told["reasons"][0]["regions"][0];
    assert_eq!((&first["region"], &first["kept"]), (&json!("fra"), &json!(true)));
    assert_eq!(first["why"], "number 1 of the declared order");
    assert_eq!(
        told["reasons"][1]["regions"][1]["why"],
        "the client's position is not known: all tie"
    );
    let (_, aaaa) = lab.ask("GET", &format!("{path}&type=AAAA"), "").await;
    assert!(text(&aaaa["summary"]).starts_with("NODATA"), "{aaaa}");
    let (_, fixed) = lab.ask("GET", "/v1/explain?name=ns1.g.example&client=::1", "").await;
    assert_eq!(fixed["records"], json!(["ns1.g.example. 300 A 192.0.2.1"]));
    let (_, outside) = lab.ask("GET", "/v1/explain?name=example.org&client=::1", "").await;
    assert_eq!(outside["kind"], "outside");
    let (status, _) = lab.ask("GET", "/v1/explain?name=www.g.example&client=here", "").await;
    assert_eq!(status, 400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_load_balancers_and_prometheus_ask_needs_no_certificate() {
    let lab = Lab::start().await;
    let ask = async |path: &'static str| lab.ask_as(None, &[], "GET", path, "").await;
    assert_eq!(ask("/livez").await, (200.try_into().unwrap(), json!("ok\n")));
    assert_eq!(ask("/metrics").await.0, 401, "only the plain listener on loopback gives them away");
    assert_eq!(lab.ask("GET", "/metrics", "").await.1, json!("# EOF\n"));
    let (status, ready) = ask("/readyz").await;
    assert_eq!(status, 200);
    let marks: Vec<&str> = text(&ready).lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(marks, ["[+]node", "[+]state", "[+]serving", "[+]leader", "[+]sync"], "{ready}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_shapes_of_v1_keep_their_fields() {
    let lab = Lab::start().await;
    lab.apply().await;
    let (_, status) = lab.ask("GET", "/v1/status", "").await;
    let expected = [
        "age_ms",
        "asked",
        "cluster",
        "config",
        "consistency",
        "generation",
        "leader",
        "nodes",
        "now_ms",
        "overrides",
        "regions",
        "revision",
        "time_ms",
        "warnings",
    ];
    assert_eq!(keys(&status), expected);
    let expected =
        ["api", "heard", "heard_ms_ago", "id", "leads", "member", "name", "raft", "report", "seat"];
    assert_eq!(keys(&status["nodes"][0]), expected);
    let expected = [
        "answers",
        "backup_failed",
        "certificate",
        "clocks_apart_s",
        "disk",
        "dns",
        "halted",
        "id",
        "is_stranger",
        "leader",
        "name",
        "places",
        "quorum_age_ms",
        "reads_generation",
        "revision",
        "role",
        "served",
        "space",
        "term",
        "uptime_ms",
        "version",
        "ways",
    ];
    let (_, node) = lab.ask("GET", "/v1/node", "").await;
    assert_eq!(keys(&node), expected);
    assert_eq!(keys(&status["nodes"][0]["report"]), expected);
    let expected = [
        "answers_last_minute",
        "declared",
        "id",
        "overridden",
        "pools",
        "runtime",
        "share_percent",
        "state",
        "weight",
    ];
    assert_eq!(keys(&status["regions"][0]), expected);
    let (_, nodes) = lab.ask("GET", "/v1/nodes", "").await;
    assert_eq!(keys(&nodes["nodes"][0]), ["api", "id", "leads", "member", "name", "raft", "seat"]);
    assert_eq!(nodes["nodes"][0]["member"], "voter");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_seat_that_the_voters_cannot_spare_is_refused_and_what_is_asked_is_listed() {
    let lab = Lab::start().await;
    for (path, body, status, why) in [
        ("/v1/nodes/n1/seat", r#"{"standby": true}"#, 409, "n1 is the last voter"),
        ("/v1/nodes/n1/seat", r#"{"drained": true}"#, 409, "no other voter could lead"),
        ("/v1/nodes/n1/seat", r#"{"replaced_by": "n7"}"#, 404, "there is no node n7"),
        ("/v1/nodes/n1/seat", "{}", 400, "nothing is asked for"),
        ("/v1/nodes/n9/seat", r#"{"standby": true}"#, 404, "there is no node n9"),
        ("/v1/autopilot", r#"{"on": true, "dead_after": "1ms"}"#, 422, "1s at least"),
    ] {
        let (got, answer) = lab.ask("POST", path, body).await;
        assert_eq!(got, status, "{path} {body}: {answer}");
        assert!(text(&answer["message"]).contains(why), "{answer}");
    }
    let (status, answer) = lab.ask("DELETE", "/v1/nodes/1", "").await;
    assert_eq!(status, 409, "{answer}");
    let node = r#"{"name": "n2", "raft": "127.0.0.1:9", "api": "127.0.0.1:9"}"#;
    assert_eq!(lab.ask("POST", "/v1/nodes", node).await.0, 200);
    let body = r#"{"standby": true, "reason": "spare"}"#;
    assert_eq!(lab.ask("POST", "/v1/nodes/n2/seat", body).await.0, 200);
    let (_, nodes) = lab.ask("GET", "/v1/nodes", "").await;
    let seat = json!({"standby": true, "drained": false, "replaced_by": null});
    assert_eq!(nodes["nodes"][1]["seat"], seat);
    let off = r#"{"on": false}"#;
    assert_eq!(lab.ask("POST", "/v1/autopilot", off).await.0, 200);
}
