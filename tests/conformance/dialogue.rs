//! Dialogues as text: what is asked, and what must come back.
//!
//! ```text
//! == what the case shows
//! ask NAME TYPE [tcp] [do] [edns=SIZE|none] [subnet=PREFIX]
//! code RCODE [aa] [tc]
//! answer OWNER TTL TYPE RDATA        every line of a section, in any order; none: the section is empty
//! answers COUNT                      instead of the lines
//! authority .. | additional ..       as answer; `*`: further records may follow
//! subnet ADDRESS/SOURCE/SCOPE        `*`: any scope but 0; none: no subnet in the answer
//! extended CODE                      RFC 8914
//! noedns                             no OPT in the answer
//! ```

use gslb_tests::client::{Query, Response};
use std::net::SocketAddr;

/// One question with what must come back.
#[derive(Debug)]
pub(crate) struct Case {
    title: String,
    query: Query,
    code: String,
    flags: Vec<String>,
    sections: [Section; 3],
    subnet: Option<String>,
    extended: Option<u16>,
    edns: bool,
}

#[derive(Debug, Default)]
struct Section {
    lines: Vec<String>,
    count: Option<usize>,
    open: bool,
}

/// Reads the cases of a text.
pub(crate) fn read(text: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut title = "";
    for (number, line) in text.lines().enumerate() {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "" | "#" => {}
            "==" => title = rest,
            "ask" => cases.push(Case::new(title, rest)),
            _ => {
                let case: &mut Case = cases.last_mut().expect("a case starts with `ask`");
                case.expect(word, rest).unwrap_or_else(|| panic!("line {}: {line}", number + 1));
            }
        }
    }
    cases
}

impl Case {
    fn new(title: &str, question: &str) -> Self {
        let mut words = question.split(' ');
        let (name, rtype) = (words.next().unwrap(), words.next().unwrap());
        let mut query = Query::new(name, rtype);
        for word in words {
            query = match word.split_once('=').unwrap_or((word, "")) {
                ("tcp", _) => query.tcp(),
                ("do", _) => query.dnssec(),
                ("edns", "none") => query.edns(None),
                ("edns", size) => query.edns(Some(size.parse().unwrap())),
                ("subnet", prefix) => query.subnet(prefix),
                _ => panic!("{title}: {word}"),
            };
        }
        Self {
            title: title.to_owned(),
            query,
            code: String::new(),
            flags: Vec::new(),
            sections: Default::default(),
            subnet: None,
            extended: None,
            edns: !question.contains("edns=none"),
        }
    }

    /// Takes in one line of what must come back; none if it is no such line.
    fn expect(&mut self, word: &str, rest: &str) -> Option<()> {
        match word {
            "code" => {
                let mut words = rest.split(' ').map(str::to_owned);
                self.code = words.next()?;
                self.flags = words.collect();
            }
            "answers" => self.sections[0].count = Some(rest.parse().ok()?),
            "answer" => self.sections[0].add(rest),
            "authority" => self.sections[1].add(rest),
            "additional" => self.sections[2].add(rest),
            "subnet" => self.subnet = Some(rest.to_owned()),
            "extended" => self.extended = Some(rest.parse().ok()?),
            "noedns" => self.edns = false,
            _ => return None,
        }
        Some(())
    }

    /// Asks, and tells what is not as it must be.
    pub(crate) fn run(&self, server: SocketAddr) -> Result<(), String> {
        let response = self.query.ask(server);
        let mut wrong = Vec::new();
        let mut flags = Vec::new();
        flags.extend(response.authoritative.then(|| "aa".to_owned()));
        flags.extend(response.truncated.then(|| "tc".to_owned()));
        if response.rcode != self.code || flags != self.flags {
            wrong.push(format!("{} {flags:?}", response.rcode));
        }
        let sections = [&response.answers, &response.authorities, &response.additionals];
        for (expected, (got, word)) in self.sections.iter().zip(sections.into_iter().zip([
            "answer",
            "authority",
            "additional",
        ])) {
            wrong.extend(expected.differs(got).map(|what| format!("{word}: {what}")));
        }
        wrong.extend(self.subnet_differs(&response));
        if self.extended.is_some() && response.extended_error != self.extended {
            wrong.push(format!("extended error {:?}", response.extended_error));
        }
        if response.edns.is_some() != self.edns {
            wrong.push(format!("EDNS {:?}", response.edns));
        }
        if response.edns.is_some_and(|size| size != 1232) {
            wrong.push(format!("EDNS size {:?}", response.edns));
        }
        let name = &self.title;
        if wrong.is_empty() { Ok(()) } else { Err(format!("{name}\n    {}", wrong.join("\n    "))) }
    }

    fn subnet_differs(&self, response: &Response) -> Option<String> {
        let same = match (&self.subnet, &response.subnet) {
            (None, None) => true,
            (Some(expected), Some(got)) => match expected.strip_suffix("/*") {
                Some(open) => got.strip_prefix(open).is_some_and(|scope| scope != "/0"),
                None => expected == got,
            },
            _ => false,
        };
        (!same).then(|| format!("subnet {:?}", response.subnet))
    }
}

impl Section {
    fn add(&mut self, line: &str) {
        if line == "*" {
            self.open = true;
        } else {
            self.lines.push(line.to_owned());
        }
    }

    fn differs(&self, got: &[String]) -> Option<String> {
        let counted = self.count.is_some_and(|count| count == got.len());
        let missing = self.lines.iter().any(|line| !got.contains(line));
        let more = !self.open && self.count.is_none() && got.len() > self.lines.len();
        let off = missing || more || (self.count.is_some() && !counted);
        off.then(|| format!("{got:?}"))
    }
}
