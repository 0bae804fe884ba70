//! What replicas share: quotas and answers on one Redis.
//!
//! Every key begins with a prefix that holds a hash tag (`{llm-router}`), so that a cluster keeps all of them on one slot,
//! where scripts can see them together.

mod connection;
mod quotas;
mod reconcile;
mod response;
mod script;
mod settling;

pub use connection::{RedisConnection, RedisError, RedisSeen, RedisSettings};
pub use quotas::RedisQuotas;
pub use reconcile::Known;
pub use response::RedisResponses;
