//! What the server allows: sizes, waits, names it answers to.

use std::time::Duration;

/// What a listener answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Surface {
    /// Everything.
    #[default]
    All,
    /// What callers use; administration and metrics are not there, because another listener has them.
    Callers,
}

/// Limits and names of one listener. [`Settings::default`] is safe on an open localhost and roomy for real prompts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// What is answered.
    pub surface: Surface,
    /// The largest request body, in bytes. A larger one is answered 413.
    pub body_limit: usize,
    /// The bodies of all requests under way together, in bytes; beyond it a request is answered 503. At least `body_limit`
    /// is used, so that a request which is alone always fits.
    pub body_memory_limit: usize,
    /// From accepting a connection to the end of the first request's headers.
    pub header_timeout: Duration,
    /// From the end of the headers to the end of the body; longer is answered 408.
    pub body_timeout: Duration,
    /// How long a connection may stay open without a request in flight, headers of the next one included.
    pub idle_timeout: Duration,
    /// The largest request head (request line and headers), in bytes; larger is answered 431. At least 8192.
    pub head_limit: usize,
    /// The most headers in a request; more is answered 431.
    pub header_count_limit: usize,
    /// Open connections. Those beyond it wait in the operating system's accept queue until one closes.
    pub connection_limit: usize,
    /// Concurrent requests on one HTTP/2 connection.
    pub stream_limit: u32,
    /// How long a stream waits for a model to begin before its 200 goes out: until then a failure still has a status of its own.
    pub early_response_after: Duration,
    /// A stream that has nothing to say for this long sends a comment, so that neither the caller nor a proxy takes it for dead.
    pub keep_alive: Duration,
    /// How long a connection may take nothing of what is to be written to it; then it is closed.
    pub write_timeout: Duration,
    /// How long requests in flight may take to finish after the server was told to stop.
    pub shutdown_deadline: Duration,
    /// Host names the server answers to beside the loopback names and the address it listens on. Without port; any case.
    pub allowed_hosts: Vec<String>,
    /// Origins (`https://router.example.org`) of pages that may call the API beside the server's own.
    pub allowed_origins: Vec<String>,
    /// The address people use (`APP_URL`); its host and origin are allowed.
    pub app_url: Option<http::Uri>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            surface: Surface::All,
            // A 200,000-token prompt is about 1 MB of JSON; the rest is room for images in base64.
            body_limit: 10 * 1024 * 1024,
            // 25 of the largest bodies, or 64 kB for each connection; parsed they take up to three times that.
            body_memory_limit: 256 * 1024 * 1024,
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(60),
            // Longer than the 60 s after which common load balancers drop an idle connection, so that they close first
            // and never send a request into a connection that we are closing.
            idle_timeout: Duration::from_secs(75),
            head_limit: 32 * 1024,
            header_count_limit: 100,
            connection_limit: 4096,
            stream_limit: 250,
            // Most models begin within it, and no client or proxy in common use gives up sooner.
            early_response_after: Duration::from_secs(10),
            // Well under the 60 s after which common proxies cut a silent response.
            keep_alive: Duration::from_secs(15),
            // A caller who is slow reads something in that time; one who is gone, or stands still, reads nothing.
            write_timeout: Duration::from_secs(300),
            shutdown_deadline: Duration::from_secs(30),
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            app_url: None,
        }
    }
}
