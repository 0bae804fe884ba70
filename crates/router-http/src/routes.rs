//! The one table of routes: what is dispatched, documented and tested.

use http::Method;

use crate::api::{
    chat, eval, feedback, health, index, metrics, models, openai_models, probes, requests, route as prompts,
};
use crate::route::{Access, Limit, Route};

macro_rules! routes {
    ($($method:ident $path:literal $access:ident $limit:ident $operation:path => $handler:path;)*) => {
        /// Every route of the server.
        pub(crate) static ROUTES: &[Route] = &[$(Route {
            method: Method::$method,
            path: $path,
            access: Access::$access,
            limit: Limit::$limit,
            operation: $operation,
            handler: |asked| Box::pin($handler(asked)),
        }),*];
    };
}

routes! {
    GET  "/"                   Open    None      index::INDEX         => index::index;
    POST "/api/route"          Callers Execution prompts::ROUTE       => prompts::route;
    POST "/v1/chat/completions" Callers Execution chat::COMPLETE     => chat::complete;
    GET  "/v1/models"          Readers Read      openai_models::LIST  => openai_models::list;
    GET  "/v1/models/{*id}"    Readers Read      openai_models::GET   => openai_models::get;
    GET  "/api/models"         Readers Read      models::LIST         => models::list;
    POST "/api/feedback"       Callers Read      feedback::ADD        => feedback::add;
    GET  "/api/feedback"       Readers Read      feedback::LIST       => feedback::list;
    POST "/api/eval"           Callers Read      eval::ADD            => eval::add;
    GET  "/api/eval"           Readers Read      eval::LIST           => eval::list;
    GET  "/api/requests"       Readers Read      requests::LIST       => requests::list;
    GET  "/api/requests/{id}"  Readers Read      requests::GET        => requests::get;
    GET  "/api/health"         Open    None      health::HEALTH       => health::health;
    GET  "/api/metrics"        Open    None      metrics::METRICS     => metrics::metrics;
    GET  "/livez"              Open    None      probes::LIVE         => probes::live;
    GET  "/readyz"             Open    None      probes::READY        => probes::ready;
}
