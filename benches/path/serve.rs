//! What upstream and proxy have in common: listening, and ending with whoever started them.

use std::convert::Infallible;
use std::future::Future;
use std::io::{Read, Write};
use std::net::Ipv4Addr;

use http::{Request, Response};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// Listens on a free port, says on standard output which, and answers every request with `answer`.
pub(crate) async fn serve<F, B>(answer: impl Fn(Request<Incoming>) -> F + Clone + Send + 'static) -> anyhow::Result<()>
where
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data: Send, Error: std::error::Error + Send + Sync> + Send + 'static,
{
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    writeln!(std::io::stdout(), "http://{}", listener.local_addr()?)?;
    std::thread::spawn(end_with_parent);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let answer = answer.clone();
        let service = service_fn(move |request| {
            let answered = answer(request);
            async move { Ok::<_, Infallible>(answered.await) }
        });
        tokio::spawn(async move {
            // A peer that goes is no news.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// Standard input ends when the process at its other end does, however that ends.
fn end_with_parent() {
    let _ = std::io::stdin().read(&mut [0]);
    std::process::exit(0);
}
