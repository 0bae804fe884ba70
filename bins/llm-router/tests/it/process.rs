//! The program as a process of its own: its lines are collected, and it is killed when the test ends.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tokio::sync::watch;

/// How long anything may take that has to happen. Generous: tests share the machine with others.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// How often a condition is looked at that nobody announces.
const LOOK: Duration = Duration::from_millis(10);

/// A process, and what it has written so far.
pub(crate) struct Process {
    child: Child,
    pub(crate) out: Lines,
    pub(crate) err: Lines,
}

impl Process {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let out = Lines::of(child.stdout.take().unwrap());
        let err = Lines::of(child.stderr.take().unwrap());
        Self { child, out, err }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends `TERM`, `HUP`, …
    pub(crate) fn signal(&self, name: &str) {
        signal(name, &self.child.id().to_string());
    }

    /// Ends it at once, as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for its end, and for its last line.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let mut status = None;
        until("the process to end", async || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        })
        .await;
        self.out.closed().await;
        self.err.closed().await;
        status.unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The lines of a stream, as they come.
pub(crate) struct Lines(watch::Receiver<Vec<String>>);

impl Lines {
    fn of(stream: impl Read + Send + 'static) -> Self {
        let (sender, lines) = watch::channel(Vec::new());
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                sender.send_modify(|lines| lines.push(line));
            }
        });
        Self(lines)
    }

    /// All of them so far.
    pub(crate) fn text(&self) -> String {
        self.0.borrow().join("\n")
    }

    /// How many there are so far.
    pub(crate) fn count(&self) -> usize {
        self.0.borrow().len()
    }

    /// Waits for a line with `text` in it, among those so far too.
    pub(crate) async fn line_with(&self, text: &str) -> String {
        self.line_after(0, text).await
    }

    /// Waits for a line with `text` in it beyond the first `skipped`.
    pub(crate) async fn line_after(&self, skipped: usize, text: &str) -> String {
        let mut lines = self.0.clone();
        let find = |lines: &Vec<String>| lines.iter().skip(skipped).find(|line| line.contains(text)).cloned();
        match tokio::time::timeout(PATIENCE, lines.wait_for(|lines| find(lines).is_some())).await {
            Ok(Ok(lines)) => find(&lines).unwrap(),
            Ok(Err(_)) => unreachable!("the process ended without a line with {text:?}:\n{}", self.text()),
            Err(_) => unreachable!("no line with {text:?} within {PATIENCE:?}:\n{}", self.text()),
        }
    }

    async fn closed(&self) {
        let mut lines = self.0.clone();
        let closed = tokio::time::timeout(PATIENCE, async { while lines.changed().await.is_ok() {} });
        closed.await.expect("the stream ends with its process");
    }
}

/// Sends `KILL`, `STOP`, … to processes: what the shell's `kill` takes for them.
pub(crate) fn signal(name: &str, processes: &str) {
    let line = format!("kill -{name} {processes}");
    assert!(Command::new("sh").args(["-c", &line]).status().unwrap().success(), "{line}");
}

/// Waits for a condition that nobody announces.
pub(crate) async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition().await {
        assert!(Instant::now() < deadline, "waited for {what} for {PATIENCE:?}");
        tokio::time::sleep(LOOK).await;
    }
}
