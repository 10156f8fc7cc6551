//! From the agreed state and the place data to the serving set, building anew only what changed.

use super::decisions;
use super::names::{Names, SteeredId};
use super::pool_view::PoolView;
use super::published::{Published, Revision, Steered};
use super::table::{Table, TableFault};
use super::zone::{StaticRecord, SteeredKind, SteeredSource, ZoneFault, ZoneSource};
use crate::steer::{Classifier, Ranks, classifier::MapKey};
use geo::{ClassTable, OverlayError, PlacePatch, PlaceTable};
use gslb_consensus::model::{
    Config, DnsName, Policy, PolicyId, Pool, PoolId, RecordRef, RegionId, SteeredName,
};
use gslb_consensus::state::State;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

/// Why a state cannot be compiled. What the model lets through must not end here: it is a bug.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CompileFault {
    /// A zone.
    Zone(ZoneFault),
    /// The decisions of a name.
    Table(DnsName, TableFault),
    /// More than 65,535 maps.
    Maps,
    /// The operator's prefixes cannot be laid over the place data.
    Places(OverlayError),
}

impl fmt::Display for CompileFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zone(fault) => fault.fmt(f),
            Self::Table(name, fault) => write!(f, "{name}: {fault}"),
            Self::Places(fault) => fault.fmt(f),
            Self::Maps => f.write_str("the names tell clients apart in more than 65,535 ways"),
        }
    }
}

impl std::error::Error for CompileFault {}

/// Compiles one state after the other, keeping what stays the same.
#[derive(Debug)]
pub struct Compiler {
    seed: u64,
    /// What region indexes mean; only ever added to, since counters are kept by index.
    regions: Vec<RegionId>,
    places: Option<LaidPlaces>,
    maps: Vec<Map>,
    tables: Tables,
    names: Option<BuiltNames>,
}

/// Place data with the operator's prefixes over it.
#[derive(Debug)]
struct LaidPlaces {
    base: Arc<PlaceTable>,
    patches: Arc<Vec<gslb_consensus::model::PlacePatch>>,
    laid: Arc<PlaceTable>,
}

/// A compiled map.
#[derive(Debug)]
struct Map {
    key: MapKey,
    classes: Arc<[Ranks]>,
    table: Arc<ClassTable>,
}

/// What a table was built from, and the table.
#[derive(Debug)]
struct BuiltTable {
    view: Arc<PoolView>,
    policy: Option<Arc<Policy>>,
    classes: Arc<[Ranks]>,
    table: Arc<Table>,
}

/// Tables by pool, policy and TTL: names that agree in these share one.
type Tables = HashMap<(PoolId, Option<PolicyId>, u32), BuiltTable>;

/// What names were built from, and the names.
#[derive(Debug)]
struct BuiltNames {
    config: Arc<Config>,
    serials: Arc<BTreeMap<DnsName, u32>>,
    names: Arc<Names>,
}

impl Compiler {
    /// A compiler that has nothing to keep. `seed` guards the hash of names: it should not be known outside.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            regions: Vec::new(),
            places: None,
            maps: Vec::new(),
            tables: Tables::new(),
            names: None,
        }
    }

    /// The serving set of a state.
    ///
    /// # Errors
    /// A state that the model should have refused; the caller keeps the last good set.
    pub fn compile(
        &mut self,
        state: &State,
        places: &Arc<PlaceTable>,
    ) -> Result<Published, CompileFault> {
        let laid = self.places(state, places)?;
        for id in state.config.regions.keys() {
            if !self.regions.contains(id) {
                self.regions.push(id.clone());
            }
        }
        let names = self.names(state).map_err(CompileFault::Zone)?;
        let mut build = Build {
            state,
            laid: &laid,
            regions: &self.regions,
            old_maps: &self.maps,
            old_tables: &self.tables,
            maps: Vec::new(),
            tables: Tables::new(),
            numbers: HashMap::new(),
            views: HashMap::new(),
        };
        let mut steered = Vec::with_capacity(state.config.names.len());
        for name in state.config.names.values() {
            steered.push(build.steered(name)?);
        }
        let (maps, tables) = (build.maps, build.tables);
        self.maps = maps;
        self.tables = tables;
        let regions: Vec<Box<str>> = self.regions.iter().map(|r| r.as_str().into()).collect();
        Ok(Published {
            revision: Revision { history: state.history, index: state.index },
            names,
            steered,
            maps: self.maps.iter().map(|m| m.table.clone()).collect(),
            regions: regions.into(),
            draw_key: draw_key(state),
        })
    }

    /// The place data with the operator's prefixes over it.
    ///
    /// # Errors
    /// Prefixes that the place data cannot hold.
    pub fn places(
        &mut self,
        state: &State,
        base: &Arc<PlaceTable>,
    ) -> Result<Arc<PlaceTable>, CompileFault> {
        let patches = &state.config.places;
        if let Some(known) = &self.places
            && Arc::ptr_eq(&known.base, base)
            && known.patches == *patches
        {
            return Ok(known.laid.clone());
        }
        let laid = if patches.is_empty() {
            base.clone()
        } else {
            Arc::new(base.with_overlay(&overlay(patches)).map_err(CompileFault::Places)?)
        };
        self.maps.clear();
        self.places =
            Some(LaidPlaces { base: base.clone(), patches: patches.clone(), laid: laid.clone() });
        Ok(laid)
    }

    fn names(&mut self, state: &State) -> Result<Arc<Names>, ZoneFault> {
        if let Some(known) = &self.names
            && Arc::ptr_eq(&known.config, &state.config)
            && Arc::ptr_eq(&known.serials, &state.serials)
        {
            return Ok(known.names.clone());
        }
        let names = Arc::new(build_names(self.seed, state)?);
        let (config, serials) = (state.config.clone(), state.serials.clone());
        self.names = Some(BuiltNames { config, serials, names: names.clone() });
        Ok(names)
    }
}

/// The agreed key of the weighted draw.
fn draw_key(state: &State) -> u64 {
    u64::from(state.history).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn overlay(patches: &[gslb_consensus::model::PlacePatch]) -> Vec<(geo::Prefix, PlacePatch)> {
    let patch = |p: &gslb_consensus::model::PlacePatch| {
        let patch = PlacePatch {
            continent: p.continent,
            country: p.country,
            subdivision: p.subdivision,
            city: p.city.as_deref().map(Into::into),
            location: p.location,
            ..PlacePatch::default()
        };
        (p.prefix, patch)
    };
    patches.iter().map(patch).collect()
}

fn build_names(seed: u64, state: &State) -> Result<Names, ZoneFault> {
    let config = &state.config;
    let mut of_zone: BTreeMap<&DnsName, Vec<SteeredSource<'_>>> = BTreeMap::new();
    for (id, name) in config.names.values().enumerate() {
        let (Some(zone), Some(pool)) = (config.zone_of(&name.name), config.pools.get(&name.pool))
        else {
            continue;
        };
        let families = pool.families(None);
        let kind = if families.alias {
            SteeredKind::Alias
        } else {
            SteeredKind::Addresses { a: families.v4, aaaa: families.v6 }
        };
        let source = SteeredSource { owner: name.name.wire(), kind, id: SteeredId(id as u32) };
        of_zone.entry(&zone.name).or_default().push(source);
    }
    // The serial that is served is the agreed one, not the file's.
    let soas: Vec<Option<Vec<u8>>> = config
        .zones
        .values()
        .map(|zone| {
            state.serials.get(&zone.name).and_then(|serial| zone.soa_rdata_with_serial(*serial))
        })
        .collect();
    let sources: Vec<ZoneSource<'_>> = config
        .zones
        .values()
        .zip(&soas)
        .map(|(zone, soa)| {
            let rdata =
                |r: RecordRef<'_>| r.rtype == crate::wire::code::rtype::SOA && soa.is_some();
            let records = zone.records.iter().map(|r| StaticRecord {
                owner: r.owner,
                rtype: r.rtype,
                ttl: r.ttl,
                rdata: if rdata(r) { soa.as_deref().unwrap_or(r.rdata) } else { r.rdata },
            });
            let steered = of_zone.remove(&zone.name).unwrap_or_default();
            ZoneSource { apex: zone.name.wire(), records: records.collect(), steered }
        })
        .collect();
    Names::build(seed, &sources)
}

/// One compilation: what is there already, and what is being collected.
struct Build<'a> {
    state: &'a State,
    laid: &'a Arc<PlaceTable>,
    regions: &'a [RegionId],
    old_maps: &'a [Map],
    old_tables: &'a Tables,
    maps: Vec<Map>,
    tables: Tables,
    /// The map of each pool and policy; `None` where places play no part.
    numbers: HashMap<(PoolId, Option<PolicyId>), Option<u16>>,
    views: HashMap<PoolId, Arc<PoolView>>,
}

impl Build<'_> {
    fn steered(&mut self, name: &SteeredName) -> Result<Steered, CompileFault> {
        let empty = || CompileFault::Table(name.name.clone(), TableFault::EmptyRow);
        let pool = self.state.config.pools.get(&name.pool).ok_or_else(empty)?;
        let policy =
            name.policy.as_ref().and_then(|id| self.state.config.policies.get(id)).cloned();
        let map = self.map(name, policy.as_deref(), pool)?;
        let classes = match map.and_then(|m| self.maps.get(usize::from(m))) {
            Some(map) => map.classes.clone(),
            None => Arc::from([Ranks::new()]),
        };
        let view = self
            .views
            .entry(name.pool.clone())
            .or_insert_with(|| Arc::new(PoolView::new(self.state, pool)));
        let view = view.clone();
        let table = self.table(name, &view, policy, &classes);
        let table = table.map_err(|fault| CompileFault::Table(name.name.clone(), fault))?;
        Ok(Steered { map, table, key: Steered::key_of(name.name.wire()) })
    }

    /// The number of the map of a name, if places play a part in its answer.
    fn map(
        &mut self,
        name: &SteeredName,
        policy: Option<&Policy>,
        pool: &Pool,
    ) -> Result<Option<u16>, CompileFault> {
        let known = (name.pool.clone(), name.policy.clone());
        if let Some(number) = self.numbers.get(&known) {
            return Ok(*number);
        }
        let key = MapKey::new(&self.state.config, policy, pool);
        let number = if key.is_by_place() { Some(self.map_of(key)?) } else { None };
        self.numbers.insert(known, number);
        Ok(number)
    }

    /// The number of the map with that key.
    fn map_of(&mut self, key: MapKey) -> Result<u16, CompileFault> {
        let number = |n: usize| u16::try_from(n).map_err(|_| CompileFault::Maps);
        if let Some(known) = self.maps.iter().position(|m| m.key == key) {
            return number(known);
        }
        let map = match self.old_maps.iter().find(|m| m.key == key) {
            Some(old) => Map { key, classes: old.classes.clone(), table: old.table.clone() },
            None => {
                let mut classifier = Classifier::new(key.clone());
                let table = Arc::new(ClassTable::build(self.laid, |place| classifier.class(place)));
                Map { key, classes: classifier.classes().into(), table }
            }
        };
        self.maps.push(map);
        number(self.maps.len() - 1)
    }

    /// The table of a pool and policy: one of this compilation, one of the last that still holds, or a new one.
    fn table(
        &mut self,
        name: &SteeredName,
        view: &Arc<PoolView>,
        policy: Option<Arc<Policy>>,
        classes: &Arc<[Ranks]>,
    ) -> Result<Arc<Table>, TableFault> {
        let key = (name.pool.clone(), name.policy.clone(), name.ttl);
        if let Some(known) = self.tables.get(&key) {
            return Ok(known.table.clone());
        }
        let fits = |t: &&BuiltTable| {
            t.view == *view
                && t.policy == policy
                && (Arc::ptr_eq(&t.classes, classes) || t.classes == *classes)
        };
        let table = match self.old_tables.get(&key).filter(fits) {
            Some(old) => old.table.clone(),
            None => {
                let index =
                    |id: &RegionId| self.regions.iter().position(|r| r == id).unwrap_or(0) as u16;
                let indexes: Vec<u16> = view.regions.iter().map(|r| index(&r.id)).collect();
                Arc::new(decisions::table(view, policy.as_deref(), name.ttl, classes, &indexes)?)
            }
        };
        let built = BuiltTable {
            view: view.clone(),
            policy,
            classes: classes.clone(),
            table: table.clone(),
        };
        self.tables.insert(key, built);
        Ok(table)
    }
}
