//! A database that keeps everything.

use crate::audit::AuditLog;
use crate::feedback::FeedbackStore;
use crate::health::StoreHealth;
use crate::keys::KeyStore;
use crate::overrides::OverrideStore;
use crate::record::RequestLog;
use crate::retention::Retention;
use crate::revision::Revision;
use crate::run::RunStore;
use crate::score::ScoreStore;
use crate::sessions::RevocationStore;
use crate::spending::SpendingLedger;
use crate::statistics::StatisticsStore;
use crate::tenants::TenantStore;
use crate::users::UserStore;

/// Every concern in one database. For whoever opens it: users of a concern ask for its own trait, to which an
/// `Arc<dyn Store>` turns by itself.
pub trait Store:
    RequestLog
    + FeedbackStore
    + ScoreStore
    + RunStore
    + SpendingLedger
    + StatisticsStore
    + Retention
    + TenantStore
    + UserStore
    + KeyStore
    + RevocationStore
    + OverrideStore
    + Revision
    + AuditLog
    + StoreHealth
{
}
