//! Endpoints that die and come back.

use crate::traffic::{self, REGIONS};
use gslb_tests::client::Query;
use gslb_tests::cluster::{Cluster, Setup};
use gslb_tests::endpoint::Endpoint;
use gslb_tests::{loopback, wait};

const ALL: [usize; 3] = [0, 1, 2];

/// Whether every vantage votes on both endpoints of a region, and all agree on that state.
fn settled(cluster: &Cluster, region: &str, state: &str) -> Result<(), String> {
    let health = cluster.operator.json("health");
    let endpoints = health["endpoints"].as_array().cloned().unwrap_or_default();
    let of_region: Vec<_> = endpoints.iter().filter(|e| e["region"] == region).collect();
    let fits = |e: &&serde_json::Value| {
        e["state"] == state && e["votes"].as_array().is_some_and(|votes| votes.len() == 3)
    };
    if of_region.len() == 2 && of_region.iter().all(fits) {
        Ok(())
    } else {
        Err(health.to_string())
    }
}

#[test]
fn answers_leave_a_region_whose_endpoints_die_and_come_back_with_them() {
    let servers = [0, 1, 2].map(|_| Endpoint::start(loopback::fresh()));
    let cluster = Cluster::form(&Setup::default());
    cluster.apply(&traffic::file(&servers.each_ref().map(Endpoint::address)));
    let www = Query::new("www.shop.example.", "A");
    let gives =
        |region: usize| move |r: &gslb_tests::client::Response| r.data() == [REGIONS[region].v4()];
    cluster.wait_for_answer(&ALL, &www, gives(0));
    wait::until("all nodes to find the endpoints up", || settled(&cluster, "fra", "up"));

    servers[0].answer_with(500);
    cluster.wait_for_answer(&ALL, &www, gives(1));
    wait::until("all nodes to find them down", || settled(&cluster, "fra", "down"));
    servers[1].answer_with(0);
    cluster.wait_for_answer(&ALL, &www, gives(2));

    // Nothing is up: everything is served, in the order of the policy; never an empty answer.
    servers[2].answer_with(404);
    cluster.wait_for_answer(&ALL, &www, gives(0));
    wait::until("all nodes to find all down", || settled(&cluster, "sin", "down"));
    for node in &cluster.nodes {
        assert_eq!(www.ask(node.dns()).rcode, "NOERROR");
    }

    // An operator's word goes before the probes.
    cluster.operator.run("force iad up --for 5m --wait --timeout 30s --reason test", &[]);
    cluster.wait_for_answer(&ALL, &www, gives(1));
    cluster.operator.run("clear iad --wait --timeout 30s", &[]);

    servers[2].answer_with(200);
    cluster.wait_for_answer(&ALL, &www, gives(2));
    servers[0].answer_with(204);
    cluster.wait_for_answer(&ALL, &www, gives(0));
    wait::until("all nodes to find them up again", || settled(&cluster, "fra", "up"));
    assert!(servers.iter().all(|s| s.requests() > 6), "every node probes every endpoint");
}
