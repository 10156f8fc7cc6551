//! What happens in a storm.

use crate::world;
use gslb_tests::cluster::Cluster;
use gslb_tests::endpoint::Endpoint;
use gslb_tests::tree;
use serde_json::{Value, json};
use std::fmt;
use std::path::PathBuf;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Endpoints that flip, each once a second.
pub(crate) const ENDPOINTS: usize = 10;
/// Between two flips.
const FLIP: Duration = Duration::from_millis(100);
/// Between two scrapes of the metrics.
const SCRAPE: Duration = Duration::from_secs(1);
/// Between two replacements of the place data: a node reads a file that two looks, a second apart,
/// find alike.
const RELOAD: Duration = Duration::from_millis(2500);
/// Between two lines that say how far it is.
const TELL: Duration = Duration::from_secs(4);
/// Between two looks at what is due.
const TURN: Duration = Duration::from_millis(10);
/// When the large zone comes, in percent of the storm: first, and with every record changed.
const APPLY: [u32; 2] = [15, 65];
/// When the leader is killed, in percent of the storm.
const KILL: u32 = 45;

/// All that happens, and what has happened so far.
pub(crate) struct Weather<'a> {
    cluster: &'a mut Cluster,
    asked: usize,
    endpoints: [Endpoint; ENDPOINTS],
    places: PathBuf,
    length: Duration,
    events: Events,
    applying: Vec<JoinHandle<Applied>>,
}

/// What happened.
#[derive(Clone, Debug, Default)]
pub(crate) struct Events {
    flips: usize,
    reloads: u64,
    scrapes: u64,
    /// Serving sets that the asked node made meanwhile, by its metrics.
    rebuilds: f64,
    killed: Option<String>,
    applied: Vec<Applied>,
}

/// One change of the large zone.
#[derive(Clone, Debug)]
struct Applied {
    edition: u8,
    code: i32,
    seconds: f64,
}

/// When something that happens again and again is due next.
struct Due {
    every: Duration,
    next: Duration,
}

impl Due {
    fn every(every: Duration) -> Self {
        Self { every, next: every }
    }

    /// Whether it is due; then the next time is a period on.
    fn is_due(&mut self, now: Duration) -> bool {
        let is_due = now >= self.next;
        if is_due {
            self.next += self.every;
        }
        is_due
    }
}

impl<'a> Weather<'a> {
    /// Gets ready: writes both editions of the large zone, and the traffic files that name them.
    pub(crate) fn new(
        cluster: &'a mut Cluster,
        asked: usize,
        endpoints: [Endpoint; ENDPOINTS],
        places: PathBuf,
        traffic: &str,
        length: Duration,
    ) -> Self {
        for edition in [1, 2] {
            let zone = format!("large-{edition}.zone");
            let write = |name: &str, text: String| {
                std::fs::write(cluster.folder().join(name), text).expect("a file is written");
            };
            write(&format!("large-{edition}.toml"), world::large_zone(&zone) + traffic);
            write(&zone, world::large_records(edition));
        }
        let (events, applying) = (Events::default(), Vec::new());
        Self { cluster, asked, endpoints, places, length, events, applying }
    }

    /// Lets it all happen until `is_over`.
    pub(crate) fn rage(&mut self, is_over: impl Fn() -> bool) {
        let start = Instant::now();
        let before = self.rebuilds();
        let [mut flip, mut scrape, mut reload, mut tell] =
            [FLIP, SCRAPE, RELOAD, TELL].map(Due::every);
        let mut editions = APPLY.iter().zip(1_u8..).peekable();
        while !is_over() {
            let now = start.elapsed();
            let reached = |percent: u32| now >= self.length * percent / 100;
            let edition = editions.next_if(|(percent, _)| reached(**percent));
            let kill = self.events.killed.is_none() && reached(KILL);
            if flip.is_due(now) {
                self.flip();
            }
            if scrape.is_due(now) {
                let _ = self.cluster.nodes[self.asked].get("/metrics");
                self.events.scrapes += 1;
            }
            if reload.is_due(now) {
                self.reload();
            }
            if tell.is_due(now) {
                eprintln!("{:5.1} s  of the storm", now.as_secs_f64());
            }
            if kill {
                self.kill();
            }
            if let Some((_, edition)) = edition {
                self.apply(edition);
            }
            std::thread::park_timeout(TURN);
        }
        self.events.rebuilds = self.rebuilds() - before;
    }

    /// What has happened, once the changes under way have ended.
    pub(crate) fn events(mut self) -> Events {
        let applied = self.applying.drain(..).map(|a| a.join().expect("a change ends well"));
        self.events.applied = applied.collect();
        self.events
    }

    /// The next endpoint falls ill, or is well again.
    fn flip(&mut self) {
        let number = self.events.flips % ENDPOINTS;
        let ill = (self.events.flips / ENDPOINTS).is_multiple_of(2);
        self.endpoints[number].answer_with(if ill { 500 } else { 200 });
        self.events.flips += 1;
    }

    /// A new copy of the place data is renamed over the old one.
    fn reload(&mut self) {
        let copy = self.places.with_extension("new");
        std::fs::copy(tree::data("place/lab/lab-city.mmdb"), &copy).expect("a copy");
        std::fs::rename(copy, &self.places).expect("a file is renamed");
        self.events.reloads += 1;
    }

    /// The leader dies at once, unless that is the node that is asked by now.
    fn kill(&mut self) {
        let leader = self.cluster.leader();
        let node = &mut self.cluster.nodes[leader];
        if leader == self.asked {
            self.events.killed = Some(format!("nobody: {} had come to lead", node.name));
        } else {
            node.kill();
            self.events.killed = Some(node.name.clone());
        }
    }

    /// Somebody applies the traffic file with the large zone.
    fn apply(&mut self, edition: u8) {
        let operator = self.cluster.operator.clone();
        let file = self.cluster.folder().join(format!("large-{edition}.toml"));
        self.applying.push(std::thread::spawn(move || {
            let start = Instant::now();
            let file = file.display().to_string();
            let said = operator.attempt("apply --wait --timeout 30s -f", &[&file]);
            if said.code != 0 {
                eprintln!("apply of the large zone, edition {edition}: {}{}", said.out, said.err);
            }
            Applied { edition, code: said.code, seconds: start.elapsed().as_secs_f64() }
        }));
    }

    /// How many serving sets the asked node has made.
    fn rebuilds(&self) -> f64 {
        let (_, metrics) = self.cluster.nodes[self.asked].get("/metrics");
        let line =
            metrics.lines().find_map(|l| l.strip_prefix("gslb_compile_duration_seconds_count"));
        line.and_then(|count| count.trim().parse().ok()).expect("a count of serving sets")
    }
}

impl Events {
    /// For programs.
    pub(crate) fn json(&self) -> Value {
        let applied = |a: &Applied| json!({ "edition": a.edition, "code": a.code, "s": a.seconds });
        json!({
            "flips": self.flips,
            "place_reloads": self.reloads,
            "scrapes": self.scrapes,
            "rebuilds": self.rebuilds,
            "killed": self.killed,
            "applied": self.applied.iter().map(applied).collect::<Vec<_>>(),
        })
    }
}

impl fmt::Display for Events {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            out,
            "meanwhile: {} flips of health, {} serving sets made, {} reloads of places, {} scrapes",
            self.flips, self.rebuilds, self.reloads, self.scrapes
        )?;
        writeln!(out, "killed as leader: {}", self.killed.as_deref().unwrap_or("nobody"))?;
        for Applied { edition, code, seconds } in &self.applied {
            let many = world::MANY;
            writeln!(
                out,
                "a zone of {many} records, edition {edition}: exit code {code} after {seconds:.1} s"
            )?;
        }
        Ok(())
    }
}
