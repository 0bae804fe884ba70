//! A Redis of the test's own: killed, stopped and restarted as it likes.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use router_cache::redis::{RedisConnection, RedisSettings};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufStream};
use tokio::net::TcpStream;

/// A server on a port of its own, with nothing on disk.
pub(crate) struct RedisServer {
    child: Option<Child>,
    port: u16,
    directory: tempfile::TempDir,
}

impl RedisServer {
    pub(crate) async fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut server = Self { child: None, port, directory: tempfile::tempdir().unwrap() };
        server.restart().await;
        server
    }

    /// Starts it again, empty.
    pub(crate) async fn restart(&mut self) {
        let child = Command::new("redis-server")
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .arg("--dir")
            .arg(self.directory.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let hint = "is redis-server in PATH? On Debian: apt-get install redis-server";
        self.child = Some(child.map_err(|error| format!("{error}; {hint}")).unwrap());
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
            assert!(begun.elapsed() < Duration::from_secs(20), "redis-server does not listen");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// `STOP`: it accepts connections and answers nothing; `CONT`: it goes on.
    pub(crate) fn signal(&self, name: &str) {
        let line = format!("kill -{name} {}", self.child.as_ref().unwrap().id());
        assert!(Command::new("sh").args(["-c", &line]).status().unwrap().success(), "{line}");
    }

    /// Sends a command, without waiting for more than its answer's first line.
    pub(crate) async fn command(&self, line: &str) -> String {
        let mut stream = BufStream::new(TcpStream::connect(("127.0.0.1", self.port)).await.unwrap());
        stream.write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
        let mut answer = String::new();
        stream.read_line(&mut answer).await.unwrap();
        answer
    }

    pub(crate) async fn connect(&self) -> RedisConnection {
        let mut settings = RedisSettings::new(format!("redis://127.0.0.1:{}", self.port));
        // The machine has others to serve; what is measured here is that nobody waits for longer than they said.
        settings.timeout = Duration::from_millis(50);
        let redis = RedisConnection::start(&settings).unwrap();
        assert!(redis.connected_within(Duration::from_secs(20)).await, "{redis:?}");
        redis
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have been killed already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
