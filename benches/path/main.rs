//! What the whole path costs, beside a direct call and a bare reverse proxy. `make bench-path`.
//!
//! One process per role: this program is the load, and starts itself again as the upstream and as the proxy, and the
//! server as it is shipped. All variants are measured in turn, round by round, so that a busy machine is busy for each
//! of them: the ratios of one run count, not its absolute times. Linux only: figures of processes come from `/proc`.

mod dialects;
mod load;
mod process;
mod proxy;
mod report;
mod rounds;
mod router;
mod serve;
mod upstream;

use std::env;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::runtime::Builder;
use tokio::time::timeout;

/// A run takes half of this, or two thirds with a Redis; a server that hangs must not make it take forever.
const LONGEST_RUN: Duration = Duration::from_secs(240);

/// How often each variant is measured, unless the command line says otherwise.
const ROUNDS: usize = 4;

fn main() -> anyhow::Result<()> {
    // `cargo bench` adds a flag of its own.
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let one_thread = || Builder::new_current_thread().enable_all().build();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => one_thread()?.block_on(whole(ROUNDS)),
        ["upstream"] => one_thread()?.block_on(upstream::run()),
        // As many threads as the server has.
        ["proxy", upstream] => {
            Builder::new_multi_thread().enable_all().build()?.block_on(proxy::run(address(upstream)?))
        }
        // For a profiler, on a server that runs anyway.
        ["load", server, rate, seconds] => {
            let (rate, time) = (rate.parse()?, Duration::from_secs(seconds.parse()?));
            one_thread()?.block_on(rounds::load(address(server)?, rate, time))
        }
        ["dialects"] => one_thread()?.block_on(dialects::run(ROUNDS)),
        [rounds] => one_thread()?.block_on(whole(rounds.parse().context("how many rounds?")?)),
        _ => bail!("the only argument is the number of rounds"),
    }
}

async fn whole(rounds: usize) -> anyhow::Result<()> {
    timeout(LONGEST_RUN, rounds::run(rounds)).await.context("the run took too long")?
}

fn address(text: &str) -> anyhow::Result<SocketAddr> {
    text.parse().with_context(|| format!("{text} is no address"))
}
