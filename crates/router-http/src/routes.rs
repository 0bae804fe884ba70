//! The one table of routes: what is dispatched, documented and tested.

use http::Method;

use crate::api::{
    admin, chat, count_tokens, eval, eval_runs, feedback, health, index, live_requests, login, messages, metrics,
    models, openai_models, probes, requests, responses, route as prompts, stats,
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
    POST "/v1/responses"       Callers Execution responses::CREATE    => responses::create;
    POST "/v1/messages"        Callers Execution messages::CREATE     => messages::create;
    POST "/v1/messages/count_tokens" Callers Read count_tokens::COUNT => count_tokens::count;
    GET  "/v1/models"          Readers Read      openai_models::LIST  => openai_models::list;
    GET  "/v1/models/{*id}"    Readers Read      openai_models::GET   => openai_models::get;
    GET  "/api/models"         Readers Read      models::LIST         => models::list;
    POST "/api/feedback"       Callers Read      feedback::ADD        => feedback::add;
    GET  "/api/feedback"       Readers Read      feedback::LIST       => feedback::list;
    POST "/api/eval"           Callers Read      eval::ADD            => eval::add;
    GET  "/api/eval"           Readers Read      eval::LIST           => eval::list;
    POST "/api/eval/runs"      Callers Read      eval_runs::BEGIN     => eval_runs::begin;
    GET  "/api/eval/runs"      Readers Read      eval_runs::LIST      => eval_runs::list;
    GET  "/api/eval/runs/{id}" Readers Read      eval_runs::GET       => eval_runs::get;
    PATCH "/api/eval/runs/{id}" Callers Read     eval_runs::END       => eval_runs::end;
    GET  "/api/requests"       Readers Read      requests::LIST       => requests::list;
    GET  "/api/requests/stream" Readers Read     live_requests::STREAM => live_requests::stream;
    GET  "/api/requests/{id}"  Readers Read      requests::GET        => requests::get;
    GET  "/api/stats"          Readers Read      stats::STATS         => stats::stats;
    POST "/api/auth/login"     Open    None      login::LOGIN         => login::login;
    POST "/api/auth/logout"    Anyone  None      login::LOGOUT        => login::logout;
    GET  "/api/auth/me"        Anyone  Read      login::ME            => login::me;
    GET  "/api/admin/keys"     Admins  Read      admin::keys::LIST    => admin::keys::list;
    POST "/api/admin/keys"     Admins  Read      admin::keys::CREATE  => admin::keys::create;
    PATCH "/api/admin/keys/{id}" Admins Read     admin::keys::CHANGE  => admin::keys::change;
    DELETE "/api/admin/keys/{id}" Admins Read    admin::keys::REVOKE  => admin::keys::revoke;
    POST "/api/admin/keys/{id}/rotate" Admins Read admin::keys::ROTATE => admin::keys::rotate;
    GET  "/api/admin/users"    Admins  Read      admin::users::LIST   => admin::users::list;
    POST "/api/admin/users"    Admins  Read      admin::users::CREATE => admin::users::create;
    PATCH "/api/admin/users/{id}" Admins Read    admin::users::CHANGE => admin::users::change;
    GET  "/api/admin/tenants"  Admins  Read      admin::tenants::LIST => admin::tenants::list;
    POST "/api/admin/tenants"  Admins  Read      admin::tenants::CREATE => admin::tenants::create;
    PATCH "/api/admin/tenants/{id}" Admins Read  admin::tenants::CHANGE => admin::tenants::change;
    GET  "/api/admin/budgets"  Admins  Read      admin::budgets::LIST => admin::budgets::list;
    GET  "/api/admin/models"   Admins  Read      admin::models::LIST  => admin::models::list;
    PATCH "/api/admin/models/{*id}" Admins Read  admin::models::CHANGE => admin::models::change;
    GET  "/api/admin/config"   Admins  Read      admin::config::LIST  => admin::config::list;
    PATCH "/api/admin/config"  Admins  Read      admin::config::CHANGE => admin::config::change;
    GET  "/api/admin/actions"  Admins  Read      admin::actions::LIST => admin::actions::list;
    GET  "/api/health"         Open    None      health::HEALTH       => health::health;
    GET  "/api/metrics"        Scrapers None     metrics::METRICS     => metrics::metrics;
    GET  "/livez"              Open    None      probes::LIVE         => probes::live;
    GET  "/readyz"             Open    None      probes::READY        => probes::ready;
}
