//! `/api/admin/budgets`: who may spend how much, and what is left of it.

use std::collections::HashMap;

use jiff::tz::Offset;
use router_core::grants::{Account, Budget, BudgetPeriod};
use router_core::id::TenantId;
use router_core::usd::Usd;
use router_store::spending::Spending;
use schemars::JsonSchema;
use serde::Serialize;

use super::All;
use crate::error::ApiError;
use crate::response::{Reply, ok};
use crate::route::{Answer, Asked, Content, Operation, schema};
use crate::store_deadline::within_deadline;
use crate::wall_clock;

/// What an account may spend, and has spent.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct AccountView {
    /// `tenant:ID`, `user:ID` or `key:ID`.
    account: String,
    /// What people call it; a user's address.
    name: String,
    tenant: TenantId,
    budgets: Vec<SpentBudget>,
    /// Spent today, this month, and since ever, in US dollars; also where there is no budget for it.
    #[schemars(with = "f64")]
    day_usd: Usd,
    #[schemars(with = "f64")]
    month_usd: Usd,
    #[schemars(with = "f64")]
    total_usd: Usd,
    /// Requests of this month whose price nobody knows: they are in no sum.
    unpriced: u64,
}

/// A budget, and what is left of it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct SpentBudget {
    /// In which time; days and months are those of UTC.
    period: BudgetPeriod,
    /// How much, in US dollars.
    #[schemars(with = "f64")]
    limit_usd: Usd,
    /// Whether answers are capped at what was reserved for them.
    strict: bool,
    /// What was spent of it.
    #[schemars(with = "f64")]
    spent_usd: Usd,
    /// What is left; below 0 where it was exceeded.
    #[schemars(with = "f64")]
    left_usd: Usd,
}

pub(crate) const LIST: Operation = Operation {
    id: "listBudgets",
    summary: "Who may spend how much, and what was spent",
    description: "Tenants, users and keys that have a budget or have spent anything; keys that are revoked only if they have. From \
                  the ledger: requests under way, and those that ended within the last second, are not in it. Budgets are changed \
                  where they belong: PATCH a tenant, a user or a key.",
    query: &[],
    body: None,
    answer: Answer { status: 200, description: "The accounts.", content: Content::Json(schema::<All<AccountView>>) },
    errors: &[404, 503],
};

pub(crate) async fn list(asked: Asked) -> Result<Reply, ApiError> {
    let stores = asked.app.parts.auth.directory()?.stores();
    let today = Offset::UTC.to_datetime(wall_clock::now()).date();
    let spending = within_deadline("read the ledger", asked.app.parts.spending.spending(today)).await?;
    let spending: HashMap<Account, Spending> =
        spending.into_iter().map(|spending| (spending.account.clone(), spending)).collect();
    let mut accounts = Vec::new();
    for tenant in within_deadline("list tenants", stores.tenants.tenants()).await? {
        accounts.push((Account::Tenant(tenant.id.clone()), tenant.name, tenant.id, tenant.budgets));
    }
    for user in within_deadline("list users", stores.users.users()).await? {
        accounts.push((Account::User(user.id), user.email, user.tenant, user.budgets));
    }
    for key in within_deadline("list keys", stores.keys.keys()).await? {
        let budgets = if key.revoked_at.is_some_and(|at| at <= wall_clock::now()) { Vec::new() } else { key.budgets };
        accounts.push((Account::Key(key.id), key.name, key.tenant, budgets));
    }
    let view = |(account, name, tenant, budgets): (Account, String, TenantId, Vec<Budget>)| {
        let spending = spending.get(&account);
        (spending.is_some() || !budgets.is_empty()).then(|| AccountView::of(&account, name, tenant, &budgets, spending))
    };
    ok(&All { items: accounts.into_iter().filter_map(view).collect() })
}

impl AccountView {
    fn of(account: &Account, name: String, tenant: TenantId, budgets: &[Budget], spending: Option<&Spending>) -> Self {
        let spent = |period| match (spending, period) {
            (None, _) => Usd::ZERO,
            (Some(spending), BudgetPeriod::Day) => spending.day,
            (Some(spending), BudgetPeriod::Month) => spending.month,
            (Some(spending), BudgetPeriod::Total) => spending.total,
        };
        let budget = |&Budget { period, limit, strict }: &Budget| {
            let spent = spent(period);
            let left = Usd::from_nanos(limit.nanos().saturating_sub(spent.nanos()));
            SpentBudget { period, limit_usd: limit, strict, spent_usd: spent, left_usd: left }
        };
        Self {
            account: account.to_string(),
            name,
            tenant,
            budgets: budgets.iter().map(budget).collect(),
            day_usd: spent(BudgetPeriod::Day),
            month_usd: spent(BudgetPeriod::Month),
            total_usd: spent(BudgetPeriod::Total),
            unpriced: spending.map_or(0, |spending| spending.unpriced),
        }
    }
}
