//! A PostgreSQL server of a test's own, that it may kill, stop and start again.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use diesel::{QueryableByName, sql_types::BigInt};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use tempfile::TempDir;

use crate::process::{signal, until};

/// A schema of its own on the server of the whole run; `None`, and a word about it, where there is none.
pub(crate) async fn schema() -> Option<String> {
    let Some(server) = std::env::var("TEST_DATABASE_URL").ok().filter(|url| !url.is_empty()) else {
        assert!(std::env::var_os("CI").is_none(), "TEST_DATABASE_URL is not set");
        println!("TEST_DATABASE_URL is not set: PostgreSQL was not tested; `make test` starts one");
        return None;
    };
    let name = format!("test_{:x}_{}", std::process::id(), fresh_number());
    let mut connection = AsyncPgConnection::establish(&server).await.unwrap();
    let make = format!("DROP SCHEMA IF EXISTS {name} CASCADE; CREATE SCHEMA {name}");
    connection.batch_execute(&make).await.unwrap();
    let join = if server.contains('?') { '&' } else { '?' };
    Some(format!("{server}{join}options=-csearch_path%3D{name}"))
}

fn fresh_number() -> usize {
    static NEXT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}

/// Changes something.
pub(crate) async fn execute(url: &str, statement: &str) {
    AsyncPgConnection::establish(url).await.unwrap().batch_execute(statement).await.unwrap();
}

/// What a query that counts says.
pub(crate) async fn count(url: &str, query: &str) -> i64 {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        count: i64,
    }
    let mut connection = AsyncPgConnection::establish(url).await.unwrap();
    let counted: Count = diesel::sql_query(query).get_result(&mut connection).await.unwrap();
    counted.count
}

/// A server of one test.
pub(crate) struct Database {
    programs: PathBuf,
    directory: TempDir,
    port: u16,
    server: Child,
}

impl Database {
    /// Makes and starts one; `None`, and a word about it, where PostgreSQL is not installed.
    pub(crate) async fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            assert!(std::env::var_os("CI").is_none(), "PostgreSQL's initdb is not installed");
            println!("PostgreSQL's initdb is not installed: outages of a database were not tested");
            return None;
        };
        let directory = tempfile::tempdir().unwrap();
        if let Some((user, group)) = user() {
            std::os::unix::fs::chown(directory.path(), Some(user), Some(group)).unwrap();
        }
        std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
        let data = directory.path().join("data");
        let mut make = as_user(programs.join("initdb"));
        make.args(["--username=router", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--pgdata"]);
        assert!(make.arg(&data).stdout(Stdio::null()).status().unwrap().success(), "initdb");
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = launch(&programs, &data, port);
        let database = Self { programs, directory, port, server };
        database.answers().await;
        Some(database)
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://router@127.0.0.1:{}/postgres", self.port)
    }

    /// `kill -9` of the server and of everything it has started.
    pub(crate) fn kill(&mut self) {
        self.signal("KILL");
        self.server.wait().unwrap();
    }

    /// From now on it accepts, and never answers.
    pub(crate) fn stop(&self) {
        self.signal("STOP");
    }

    /// The end of that.
    pub(crate) fn go_on(&self) {
        self.signal("CONT");
    }

    /// Starts a killed one again.
    pub(crate) async fn start_again(&mut self) {
        self.server = launch(&self.programs, &self.directory.path().join("data"), self.port);
        self.answers().await;
    }

    fn signal(&self, name: &str) {
        let id = self.server.id();
        // Its children are in groups of their own.
        signal(name, &format!("{id} $(ps -o pid= --ppid {id})"));
    }

    async fn answers(&self) {
        let url = self.url();
        until("the database to answer", async || AsyncPgConnection::establish(&url).await.is_ok()).await;
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.go_on();
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn launch(programs: &Path, data: &Path, port: u16) -> Child {
    let mut command = as_user(programs.join("postgres"));
    command.arg("-D").arg(data).args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1"]);
    command.args(["-c", "unix_socket_directories=", "-c", "logging_collector=off"]);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Debian keeps the server's programs out of `PATH`.
fn programs() -> Option<PathBuf> {
    let directories = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<_> = directories.map(|entry| entry.path().join("bin")).collect();
    found.sort();
    found.extend(std::env::var_os("PATH").iter().flat_map(std::env::split_paths).collect::<Vec<_>>());
    found.into_iter().rev().find(|directory| directory.join("initdb").is_file())
}

/// The user that the server runs as: it refuses to run as root.
fn user() -> Option<(u32, u32)> {
    let own = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").ok()?);
    if own != 0 {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").ok()?;
    let line = users.lines().find(|line| line.starts_with("postgres:"))?;
    let fields: Vec<_> = line.split(':').collect();
    Some((fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?))
}

fn as_user(program: PathBuf) -> Command {
    let mut command = Command::new(program);
    command.current_dir("/").stdin(Stdio::null());
    if let Some((user, group)) = user() {
        command.uid(user).gid(group);
    }
    command
}
