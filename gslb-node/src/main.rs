//! `gslb-node`: see [`gslb_node::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    gslb_node::cli::main(std::env::args_os())
}
