"""One gslb-node, formed as an operator forms it; GSLB_TARGET is the folder of its two programs."""
import os
import shutil
import subprocess
import time
from pathlib import Path

from lab import CONF, CONTINENT_DC, DATA, DATACENTERS, DEFAULT_DC, DYN_TTL, apex, model, write, zone_file

PORT, API, RAFT = 5320, 5321, 5322
SETS = ["static1k", "large100k", "gslb"]
BUILT = Path(os.environ.get("GSLB_TARGET", "target/release")).resolve()
WEIGHTS = [50, 30, 15, 5]


def _home(zone_set):
    return CONF / "gslb" / zone_set


def _node_toml(zone_set):
    lines = ['name = "n1"', 'identity = "."', 'data = "data"',
             "[dns]", f'listen = ["127.0.0.1:{PORT}"]', "workers = 1",
             "[api]", f'listen = "127.0.0.1:{API}"', "[raft]", f'listen = "127.0.0.1:{RAFT}"',
             "[log]", 'filter = "warn"']
    return lines + (["[place]", f'databases = ["{DATA / "country.mmdb"}"]'] if zone_set == "gslb" else [])


def _pool(name, addresses):
    """A pool of (region, address) pairs."""
    ends = [f'{{ id = "{name}-{n}", region = "{region}", address = "{address}" }}'
            for n, (region, address) in enumerate(addresses)]
    return ["[[pools]]", f'id = "{name}"', f"endpoints = [{', '.join(ends)}]"]


def _name(name, policy):
    return ["[[names]]", f'name = "{name}.gslb.test."', f'pool = "{name}"', f"ttl = {DYN_TTL}",
            f'policy = "{policy}"']


def _steered(data):
    regions = {dc: 100 for dc in DATACENTERS} | {f"w{weight}": weight for weight in WEIGHTS}
    lines = [line for region, weight in regions.items()
             for line in ("[[regions]]", f'id = "{region}"', f"weight = {weight}")]
    rules = [f'{{ continent = "{c}", regions = ["{dc}"] }}' for c, dc in CONTINENT_DC.items()]
    rules.append(f'{{ anywhere = true, regions = ["{DEFAULT_DC}"] }}')
    for policy, body in (("near", f'kind = "geo", rules = [{", ".join(rules)}]'), ("fair", 'kind = "weighted"'),
                         ("first", f'kind = "failover", order = ["{DATACENTERS[0]}", "{DATACENTERS[1]}"]')):
        lines += ["[[policies]]", f'id = "{policy}"', f"filters = [{{ {body} }}]"]
    for name, by_dc in data["geo"].items():
        lines += _pool(name, [(dc, a) for dc, sets in by_dc.items() for rdata in sets.values() for a in rdata])
        lines += _name(name, "near")
    for name, entries in data["weighted"].items():
        lines += _pool(name, [(f"w{weight}", a) for weight, *both in entries for a in both])
        lines += _name(name, "fair")
    for name, sets in data["pool"].items():
        lines += _pool(name, [(DATACENTERS[0], a) for rdata in sets.values() for a in rdata])
        lines += _name(name, "first")
    for name, two in data["pair"].items():
        lines += _pool(name, list(zip(DATACENTERS, (two["primary"], two["secondary"]))))
        lines += _name(name, "first")
    return lines


def _down(data):
    """The endpoints that are forced down."""
    down = set(data["down"])
    for name, sets in data["pool"].items():
        yield from (f"{name}-{n}" for n, a in enumerate(a for r in sets.values() for a in r) if a in down)
    for name, two in data["pair"].items():
        yield from (f"{name}-{n}" for n, a in enumerate((two["primary"], two["secondary"])) if a in down)


def _ctl(zone_set, *words):
    ctl = [BUILT / "gslbctl", *words]
    env = dict(os.environ, GSLBCTL_CONTEXT=str(_home(zone_set) / "cluster" / "ctl.toml"))
    done = subprocess.run(ctl, env=env, cwd=_home(zone_set), capture_output=True, text=True)
    return done.stderr if done.returncode else None


def _must(zone_set, *words, tries=1):
    for left in reversed(range(tries)):
        error = _ctl(zone_set, *words)
        if error is None:
            return
        if left == 0:
            raise RuntimeError(f"gslbctl {words}: {error}")
        time.sleep(0.2)


def _form(zone_set):
    home = _home(zone_set)
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    data = model() if zone_set == "gslb" else None
    text = "\n".join(apex()) if data else zone_file(zone_set).read_text()
    write(home / "gslb.test.zone", [text])
    zone = ["[[zones]]", 'name = "gslb.test."', 'file = "gslb.test.zone"']
    write(home / "traffic.toml", zone + (_steered(data) if data else []))
    _must(zone_set, "cluster", "init", "--dir", "cluster", "--name", "lab")
    _must(zone_set, "node", "add", "n1", "--raft", f"127.0.0.1:{RAFT}", "--api", f"127.0.0.1:{API}", "--out", "n1")
    write(home / "n1" / "node.toml", _node_toml(zone_set))
    with (home / "log").open("w") as log:
        node = subprocess.Popen(command(zone_set), stdout=log, stderr=log)
        try:
            _must(zone_set, "apply", "-f", "traffic.toml", "--wait", "--timeout", "60s", tries=50)
            for endpoint in _down(data) if data else ():
                _must(zone_set, "force", endpoint, "down", "--permanent", "--reason", "the lab has it down")
        finally:
            node.terminate()
            node.wait()


def configure():
    for zone_set in SETS:
        _form(zone_set)


def command(zone_set):
    return [BUILT / "gslb-node", "--config", _home(zone_set) / "n1" / "node.toml"]
