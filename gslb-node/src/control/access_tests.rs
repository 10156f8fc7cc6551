//! Callers, roles, tokens and the audit trail, over a real cluster of one node.

use super::lab::Lab;
use super::token;
use gslb_consensus::identity::Peer;
use serde_json::{Value, json};

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn user(name: &str) -> Option<Peer> {
    Some(Peer::User(name.to_owned()))
}

/// Adds a token and gives its text.
async fn add_token(lab: &Lab, name: &str, role: &str) -> String {
    let secret = token::generate(name).unwrap();
    let hash = token::hex(&token::sha256(&secret));
    let body = json!({ "name": name, "sha256": hash, "grant": { "role": role } });
    let (status, reply) = lab.ask("POST", "/v1/tokens", &body.to_string()).await;
    assert_eq!(status, 200, "{reply}");
    secret
}

const WEIGHT: &str = r#"{"region":"fra","weight":20,"reason":"CHG-1"}"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn every_route_but_liveness_refuses_a_caller_that_nobody_knows() {
    let lab = Lab::start().await;
    lab.apply().await;
    for (method, path) in [
        ("GET", "/v1/status"),
        ("GET", "/v1/config"),
        ("PUT", "/v1/config"),
        ("GET", "/v1/health"),
        ("GET", "/v1/node"),
        ("GET", "/v1/nodes"),
        ("POST", "/v1/nodes"),
        ("DELETE", "/v1/nodes/n1"),
        ("GET", "/v1/audit"),
        ("GET", "/v1/audit/verify"),
        ("GET", "/v1/users"),
        ("PUT", "/v1/users/eve"),
        ("GET", "/v1/tokens"),
        ("POST", "/v1/tokens"),
        ("GET", "/v1/whoami"),
        ("GET", "/v1/wait?revision=0.1"),
        ("GET", "/v1/explain?name=www.g.example&client=::1"),
        ("POST", "/v1/weights"),
        ("DELETE", "/v1/overrides/fra"),
        ("GET", "/metrics"),
    ] {
        let (status, error) = lab.ask_as(None, &[], method, path, "").await;
        assert_eq!((status.as_u16(), text(&error["code"])), (401, "unauthorized"), "{path}");
        assert!(text(&error["message"]).contains("authorization: Bearer TOKEN"), "{error}");
    }
    // A certificate of the cluster whose name has no role is somebody, but may do nothing.
    let (status, error) = lab.ask_as(user("bo"), &[], "GET", "/v1/status", "").await;
    assert_eq!((status.as_u16(), text(&error["code"])), (403, "forbidden"));
    assert!(text(&error["message"]).contains("gslbctl user add bo --role viewer"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_role_decides_what_its_user_may_do() {
    let lab = Lab::start().await;
    lab.apply().await;
    let give = async |grant: Value, expect: Value| {
        let body = json!({ "grant": grant, "expect": expect, "reason": "team" });
        lab.ask("PUT", "/v1/users/bo", &body.to_string()).await
    };
    let (status, _) = give(json!({ "role": "viewer" }), json!(0)).await;
    assert_eq!(status, 200);
    let ask = async |method: &'static str, path: &'static str, body: &'static str| {
        let (status, reply) = lab.ask_as(user("bo"), &[], method, path, body).await;
        (status.as_u16(), reply)
    };
    assert_eq!(ask("GET", "/v1/status", "").await.0, 200);
    let (status, error) = ask("POST", "/v1/weights", WEIGHT).await;
    assert_eq!((status, text(&error["code"])), (403, "forbidden"));
    assert!(text(&error["message"]).contains("needs the role operator"), "{error}");
    assert_eq!(ask("PUT", "/v1/config?dry_run=true", "").await.0, 200, "a preview changes nothing");
    assert_eq!(ask("PUT", "/v1/config", "").await.0, 403);

    let (status, error) = give(json!({ "role": "viewer" }), json!(0)).await;
    assert_eq!((status.as_u16(), text(&error["code"])), (409, "conflict"));
    give(json!({ "role": "operator", "regions": ["fra"] }), Value::Null).await;
    assert_eq!(ask("POST", "/v1/weights", WEIGHT).await.0, 200);
    let (status, error) = ask("POST", "/v1/weights", r#"{"region":"iad","weight":20}"#).await;
    assert_eq!((status, text(&error["code"])), (403, "forbidden"));
    assert!(text(&error["message"]).contains("region iad is outside of that"), "{error}");
    assert_eq!(ask("DELETE", "/v1/nodes/n1", "").await.0, 403);
    assert_eq!(ask("GET", "/v1/whoami", "").await.1["grant"]["regions"], json!(["fra"]));

    assert_eq!(lab.ask("DELETE", "/v1/users/bo?reason=left", "").await.0, 200);
    assert_eq!(ask("GET", "/v1/status", "").await.0, 403);
    let (_, users) = lab.ask("GET", "/v1/users", "").await;
    assert_eq!(users["users"][0]["grant"], Value::Null);
    for (body, word) in [
        (r#"{"grant":{"role":"root"}}"#, "viewer, operator or admin"),
        (r#"{"grant":{"role":"operator","zones":["a..b"]}}"#, "`zones`"),
        (r#"{"grant":{"role":"operator","regions":["Fra"]}}"#, "`regions`"),
    ] {
        let (status, error) = lab.ask("PUT", "/v1/users/cy", body).await;
        assert_eq!(status, 400, "{error}");
        assert!(text(&error["message"]).contains(word), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_token_is_let_in_until_it_is_removed_and_is_stored_as_a_hash_only() {
    let lab = Lab::start().await;
    lab.apply().await;
    let secret = add_token(&lab, "ci", "operator").await;
    let bearer = format!("Bearer {secret}");
    let ask = async |value: &str, method: &'static str, path: &'static str, body: &'static str| {
        let headers = [("authorization", value)];
        let (status, reply) = lab.ask_as(None, &headers, method, path, body).await;
        (status.as_u16(), reply)
    };
    assert_eq!(ask(&bearer, "POST", "/v1/weights", WEIGHT).await.0, 200);
    assert_eq!(ask(&bearer, "DELETE", "/v1/nodes/n1", "").await.0, 403);
    assert_eq!(ask(&bearer, "GET", "/v1/whoami", "").await.1["proof"], "token");
    let wrong = format!("{}0", &bearer[..bearer.len() - 1]);
    let other = format!("{}1", &bearer[..bearer.len() - 1]);
    let bad = if wrong == bearer { other } else { wrong };
    for value in [bad.as_str(), "Bearer ", "Basic YTpi", "Bearer gslb_none_00", "x"] {
        let (status, error) = ask(value, "GET", "/v1/status", "").await;
        assert_eq!((status, text(&error["code"])), (401, "unauthorized"), "{value}");
    }
    // A token that is wrong is not made good by a certificate beside it.
    let headers = [("authorization", bad.as_str())];
    let ann = Some(Peer::Admin("ann".into()));
    assert_eq!(lab.ask_as(ann, &headers, "GET", "/v1/status", "").await.0, 401);
    let (_, tokens) = lab.ask("GET", "/v1/tokens", "").await;
    let (_, audit) = lab.ask("GET", "/v1/audit", "").await;
    let state = format!("{:?}", lab.cluster.state());
    let (_, digits) = secret.rsplit_once('_').unwrap();
    let hash = token::hex(&token::sha256(&secret));
    for told in [tokens.to_string(), audit.to_string()] {
        assert!(!told.contains(digits) && !told.contains(&hash), "{told}");
    }
    assert!(!state.contains(digits), "the state holds the hash, never the token");
    assert_eq!(lab.ask("DELETE", "/v1/tokens/ci", "").await.0, 200);
    assert_eq!(ask(&bearer, "GET", "/v1/status", "").await.0, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_trail_tells_each_change_and_holds_on_every_link() {
    let lab = Lab::start().await;
    lab.apply().await;
    lab.ask("POST", "/v1/weights", WEIGHT).await;
    lab.ask("POST", "/v1/weights", r#"{"region":"nrt","weight":20}"#).await;
    let (_, audit) = lab.ask("GET", "/v1/audit?limit=1", "").await;
    let entries = audit["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 1);
    let last = &entries[0];
    assert_eq!((text(&last["change"]), text(&last["reason"])), ("set-weight fra 20", "CHG-1"));
    assert_eq!((text(&last["actor"]), text(&last["role"])), ("ann", "admin"));
    assert_eq!(text(&last["before"]), "weight 100 as declared");
    assert_eq!(text(&last["after"]), "weight 20");
    let (status, verdict) = lab.ask("GET", "/v1/audit/verify", "").await;
    assert_eq!((status.as_u16(), &verdict["broken"]), (200, &Value::Null), "{verdict}");
    assert_eq!((&verdict["records"], &verdict["in_state"]), (&json!(4), &json!(4)), "{verdict}");
    let file = lab.dir.path().join("audit/00000001.jsonl");
    let told = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, told.replace("CHG-1", "CHG-2")).unwrap();
    let (_, verdict) = lab.ask("GET", "/v1/audit/verify", "").await;
    assert_eq!(verdict["broken"]["number"], 4, "{verdict}");
    for (bad, word) in [("since=2", "`since`"), ("last=2", "last")] {
        let (status, error) = lab.ask("GET", &format!("/v1/audit?{bad}"), "").await;
        assert_eq!(status, 400, "{error}");
        assert!(text(&error["message"]).contains(word), "{error}");
    }
    assert_eq!(lab.ask("GET", "/v1/audit?since=1h", "").await.1["entries"][3], *last);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_body_that_is_too_large_or_too_deep_is_refused_before_it_is_read() {
    let lab = Lab::start().await;
    let (status, error) = lab.ask("POST", "/v1/weights", &"[".repeat(1_000)).await;
    assert_eq!((status.as_u16(), text(&error["code"])), (400, "bad_request"));
    assert!(text(&error["message"]).contains("deeper than 16"), "{error}");
    let large = format!("{{\"reason\":\"{}\"}}", "x".repeat(64 << 10));
    let (status, error) = lab.ask("POST", "/v1/weights", &large).await;
    assert_eq!((status.as_u16(), text(&error["code"])), (413, "too_large"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_nodes_say_to_each_other_is_no_part_of_the_api() {
    let lab = Lab::start().await;
    for path in ["/raft/v1/vote", "/raft/v1/append", "/cluster/v1/propose", "/cluster/v1/hello"] {
        let (status, error) = lab.ask("POST", path, "").await;
        assert_eq!((status.as_u16(), text(&error["code"])), (404, "not_found"), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn who_is_not_known_and_tries_too_often_is_told_when_to_come_back() {
    let lab = Lab::start().await;
    let mut answers = Vec::new();
    for _ in 0..40 {
        let (status, error) = lab.ask_as(None, &[], "GET", "/v1/status", "").await;
        answers.push((status.as_u16(), text(&error["code"]).to_owned()));
    }
    assert_eq!(answers[0], (401, "unauthorized".to_owned()));
    assert_eq!(answers[39], (429, "too_many_requests".to_owned()));
    assert_eq!(
        lab.ask("GET", "/v1/status", "").await.0,
        200,
        "who is known is served all the same"
    );
}
