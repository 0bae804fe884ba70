//! A server in a process of its own, and what the kernel says about it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tempfile::TempDir;

use crate::load::Door;

/// `/proc` counts processor time in these, whatever the kernel's own tick: USER_HZ is 100 on every Linux since 2.6.
const TICK: Duration = Duration::from_millis(10);

/// A process that listens. Dropping it ends it.
pub(crate) struct Server {
    child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// What callers present.
    pub(crate) key: Option<Arc<str>>,
    /// What it keeps there goes with it.
    _directory: Option<TempDir>,
}

impl Server {
    /// Where it is asked.
    pub(crate) fn door(&self) -> Door {
        Door { address: self.address, key: self.key.clone() }
    }

    /// Starts a program whose first line on standard output ends with its address, as `http://IP:PORT`; in a
    /// `directory` of its own, if it needs one.
    pub(crate) fn start(command: &mut Command, directory: Option<TempDir>) -> anyhow::Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {command:?}"))?;
        let mut line = String::new();
        let read = child.stdout.take().map(|out| BufReader::new(out).read_line(&mut line));
        let address = line.rsplit_once("http://").and_then(|(_, address)| address.trim().parse().ok());
        // Made before anything can fail, so that the process ends also then.
        let nowhere = SocketAddr::from(([0; 4], 0));
        let server = Self { child, address: address.unwrap_or(nowhere), key: None, _directory: directory };
        read.transpose().context("cannot read where it listens")?;
        address.with_context(|| format!("{command:?} does not say where it listens; its first line: {line:?}"))?;
        Ok(server)
    }

    /// Processor time of all its threads so far, in user and system mode.
    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        let stat = self.proc("stat")?;
        // The name in parentheses may hold anything; the 12th and 13th fields after it are the times.
        let (_, fields) = stat.rsplit_once(')').context("no process name")?;
        let times = fields.split_whitespace().skip(11).take(2).map(str::parse::<u32>);
        let ticks: u32 = times.sum::<Result<_, _>>()?;
        Ok(TICK * ticks)
    }

    /// Resident memory, in MiB.
    pub(crate) fn resident_mib(&self) -> anyhow::Result<f64> {
        let status = self.proc("status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kib / 1024.0)
    }

    fn proc(&self, file: &str) -> anyhow::Result<String> {
        let path = format!("/proc/{}/{file}", self.child.id());
        fs::read_to_string(&path).with_context(|| format!("cannot read {path}: did the server stop?"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
