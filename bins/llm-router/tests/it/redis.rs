//! A Redis of a test's own, that it may kill, stop and start again.

use std::process::{Child, Command, Stdio};

use tokio::net::TcpStream;

use crate::process::{signal, until};

/// A server that keeps nothing: started again, it is empty.
pub(crate) struct Redis {
    port: u16,
    server: Child,
}

impl Redis {
    /// Starts one; `None`, and a word about it, where it is not installed.
    pub(crate) async fn start() -> Option<Self> {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let Ok(server) = launch(port) else {
            assert!(std::env::var_os("CI").is_none(), "redis-server is not installed");
            println!("redis-server is not installed: its outages were not tested");
            return None;
        };
        let redis = Self { port, server };
        redis.answers().await;
        Some(redis)
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }

    /// From now on it accepts, and never answers.
    pub(crate) fn stop(&self) {
        signal("STOP", &self.server.id().to_string());
    }

    /// The end of that.
    pub(crate) fn go_on(&self) {
        signal("CONT", &self.server.id().to_string());
    }

    /// Starts a killed one again: empty.
    pub(crate) async fn start_again(&mut self) {
        self.server = launch(self.port).unwrap();
        self.answers().await;
    }

    async fn answers(&self) {
        until("Redis to answer", async || TcpStream::connect(("127.0.0.1", self.port)).await.is_ok()).await;
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn launch(port: u16) -> std::io::Result<Child> {
    let mut command = Command::new("redis-server");
    command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()
}
