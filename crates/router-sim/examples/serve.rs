//! Serves the three simulated providers until interrupted: `cargo run -p router-sim --example serve`.
#![expect(clippy::print_stdout, reason = "a program for people: its URLs are its output")]

use router_sim::{Simulator, SimulatorConfig, Wire};

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let simulator = Simulator::start(SimulatorConfig::demo()).await?;
    for wire in Wire::ALL {
        println!("{wire}: {}", simulator.base_url(wire));
    }
    tokio::signal::ctrl_c().await
}
