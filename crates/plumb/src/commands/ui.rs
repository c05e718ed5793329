//! `plumb ui [RUNS]`: the dashboard.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;

use plumb_ledger::ExitCode;
use plumb_serve::access::Hosts;

use crate::dashboard::{App, Ending, Guard, serve};
use crate::fault::Fault;
use crate::{console, token_file};

/// Show a folder of runs in the browser, live
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  plumb ui\n  plumb ui /data/runs --listen 127.0.0.1:9000\n  ssh -L 7587:localhost:7587 trainer plumb ui\n  plumb ui --listen 0.0.0.0:7587 --token-file token --host trainer.example"
)]
pub(crate) struct Args {
    /// The folder with the run folders, or one run folder
    #[arg(value_name = "RUNS", default_value = "runs")]
    runs: PathBuf,
    /// Where to listen; an address other than this machine's own wants a token
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:7587")]
    listen: SocketAddr,
    /// A file with the token that a browser must know: open the address with `?token=` once, or send it as a bearer
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// A name under which the dashboard may be asked, beside localhost and addresses in figures
    #[arg(long = "host", value_name = "NAME")]
    hosts: Vec<String>,
}

/// Serves until Ctrl-C.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Fault> {
    if !args.runs.is_dir() {
        let message = format!("there is no such folder: {}", args.runs.display());
        return Err(Fault::usage(message).hint("`plumb run` makes `runs`; name another folder of runs"));
    }
    if args.token_file.is_none() && !args.listen.ip().is_loopback() {
        let message = format!("others could look at the runs without a token: {}", args.listen);
        return Err(Fault::usage(message)
            .hint("add `--token-file FILE`, or leave `--listen` out and come through `ssh -L`"));
    }
    let token = args.token_file.as_deref().map(token_file::read).transpose()?;
    let unusable = |e| {
        Fault::failed(format!("cannot listen ({e}): {}", args.listen))
            .hint("`--listen 127.0.0.1:0` takes any free port")
    };
    let listener = TcpListener::bind(args.listen).map_err(unusable)?;
    let address = listener.local_addr().map_err(unusable)?;
    let asks = token.is_some();
    let guard = Guard { hosts: Hosts::new(&args.hosts), token, port: address.port() };
    let app = App::new(&args.runs, guard)?;
    let query = if asks { "?token=..." } else { "" };
    console::result(format_args!("http://{address}/{query}"))?;
    serve(listener, app, Ending::Signal).map_err(|e| Fault::failed(format!("cannot serve ({e})")))?;
    Ok(ExitCode::Done)
}
