//! `gslbctl`: see [`gslb_node::ctl`].

use std::process::ExitCode;

fn main() -> ExitCode {
    gslb_node::ctl::run(std::env::args_os())
}
