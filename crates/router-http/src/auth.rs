//! Who is asking, and whether it is true. All of it from memory: no request waits for the database to be let in.
//!
//! `credentials` finds what a request presents, `directory` has everyone who may call, and `Auth::identify` puts the two
//! together.

pub mod api_key;
mod credentials;
pub(crate) mod csrf;
pub(crate) mod directory;
mod joined;
pub mod key_ring;
pub(crate) mod login_throttle;
pub mod new_user;
pub mod password;
pub mod random;
pub(crate) mod refusal;
pub(crate) mod session;
pub mod stores;
mod token;

use std::net::SocketAddr;

use http::request::Parts;
use http::{HeaderMap, Method};
use jiff::Timestamp;
use router_core::principal::{Principal, Role};
use router_store::error::StoreError;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use crate::error::ApiError;
use api_key::{KeySecrets, PresentedKey};
use credentials::Presented;
use directory::Directory;
use login_throttle::LoginThrottle;
use password::Passwords;
use refusal::Refusal;
use stores::IdentityStores;
use token::{Claims, Tokens};

/// Who is let in without credentials, as the one user of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anonymous {
    /// Nobody.
    Nobody,
    /// Who calls from this machine, and not through a proxy on it.
    ThisMachine,
    /// Everyone who reaches the listener: the operator said that only callers they trust do.
    Everyone,
}

/// What authentication runs with.
pub struct AuthSettings {
    /// Who is let in without credentials.
    pub anonymous: Anonymous,
    /// What digests of API keys are made with; without it no key is accepted.
    pub key_secrets: Option<KeySecrets>,
    /// What tokens are signed with; without it no token is accepted and nobody can log in.
    pub token_secret: Option<SecretString>,
    /// Who signs tokens (`iss`).
    pub issuer: String,
    /// For whom tokens for the API are signed (`aud`).
    pub audience: String,
    /// What a scraper of metrics presents as Bearer.
    pub metrics_token: Option<SecretString>,
}

/// Authenticates requests.
pub struct Auth {
    anonymous: Anonymous,
    key_secrets: Option<KeySecrets>,
    token_secret: Option<SecretString>,
    tokens: Option<Tokens>,
    metrics_token: Option<SecretString>,
    directory: Option<Directory>,
    pub(crate) passwords: Passwords,
    pub(crate) throttle: LoginThrottle,
}

/// Someone who is let in.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) principal: Principal,
    /// Their session, where they came with one.
    pub(crate) session: Option<Session>,
}

/// A session that somebody came with.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    /// Its name.
    pub(crate) token: String,
    /// When it ends by itself.
    pub(crate) until: Timestamp,
    /// What its requests for changes have to carry.
    pub(crate) csrf: String,
}

impl Auth {
    /// Authenticates against `stores`; without any, no credentials are valid. Nobody is known before [`Auth::refresh`].
    #[must_use]
    pub fn new(settings: AuthSettings, stores: Option<IdentityStores>) -> Self {
        let AuthSettings { anonymous, key_secrets, token_secret, issuer, audience, metrics_token } = settings;
        let tokens = token_secret.as_ref().map(|secret| Tokens::new(secret, &issuer, &audience));
        Self {
            anonymous,
            key_secrets,
            token_secret,
            tokens,
            metrics_token,
            directory: stores.map(Directory::new),
            passwords: Passwords::new(),
            throttle: LoginThrottle::default(),
        }
    }

    /// For a server without any identities: callers of this machine are let in without credentials, and no credentials
    /// are valid.
    #[must_use]
    pub fn without_identities() -> Self {
        let settings = AuthSettings {
            anonymous: Anonymous::ThisMachine,
            key_secrets: None,
            token_secret: None,
            issuer: String::new(),
            audience: String::new(),
            metrics_token: None,
        };
        Self::new(settings, None)
    }

    /// Reads who may call, if that has changed.
    ///
    /// # Errors
    /// The database did not answer. Those known before stay known.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        match &self.directory {
            Some(directory) => directory.refresh().await,
            None => Ok(()),
        }
    }

    /// Follows changes of who may call, every two seconds. Never returns.
    pub async fn follow(&self) {
        match &self.directory {
            Some(directory) => directory.follow().await,
            None => std::future::pending().await,
        }
    }

    /// What digests of new keys are made with.
    pub(crate) fn key_secrets(&self) -> Result<&KeySecrets, ApiError> {
        self.key_secrets
            .as_ref()
            .ok_or(ApiError::SwitchedOff { what: "the use of API keys (API_KEY_SECRET is not set)" })
    }

    pub(crate) fn directory(&self) -> Result<&Directory, ApiError> {
        self.directory.as_ref().ok_or(ApiError::SwitchedOff { what: "the administration of keys and users" })
    }

    /// Who sends this request. Credentials that are presented are verified, also where none are needed.
    pub(crate) fn identify(&self, request: &Parts, peer: SocketAddr) -> Result<Caller, ApiError> {
        let Some(presented) = credentials::presented(&request.headers)? else {
            let trusted = match self.anonymous {
                Anonymous::Nobody => false,
                Anonymous::ThisMachine => is_of_this_machine(&request.headers, peer),
                Anonymous::Everyone => true,
            };
            return match trusted {
                true => Ok(Caller { principal: Principal::local(), session: None }),
                false => Err(Refusal::Missing.into()),
            };
        };
        let now = Timestamp::now();
        match presented {
            Presented::Header(text) => {
                let principal = match PresentedKey::parse(text) {
                    Some(key) => self.by_key(key, now)?,
                    None => self.by_token(text, now)?,
                };
                Ok(Caller { principal, session: None })
            }
            Presented::Session(text) => self.by_session(text, &request.method, &request.headers, now),
        }
    }

    /// Whether the metrics may be read: from this machine, with the token for it, or by an administrator.
    pub(crate) fn may_scrape(&self, request: &Parts, peer: SocketAddr) -> Result<(), ApiError> {
        if let (Some(token), Ok(Some(Presented::Header(text)))) =
            (&self.metrics_token, credentials::presented(&request.headers))
            && bool::from(token.expose_secret().as_bytes().ct_eq(text.as_bytes()))
        {
            return Ok(());
        }
        if matches!(credentials::presented(&request.headers), Ok(None)) && is_of_this_machine(&request.headers, peer) {
            return Ok(());
        }
        match self.identify(request, peer)?.principal.role {
            Role::Admin => Ok(()),
            _ => Err(ApiError::Forbidden),
        }
    }

    fn by_key(&self, presented: PresentedKey<'_>, now: Timestamp) -> Result<Principal, ApiError> {
        let (Some(secrets), Some(directory)) = (&self.key_secrets, &self.directory) else {
            return Err(Refusal::Invalid.into());
        };
        let identities = directory.identities();
        let Some(known) = identities.keys.get(presented.id) else { return Err(unknown(directory)) };
        if !secrets.verify(presented, &known.digest) {
            return Err(Refusal::Invalid.into());
        }
        still(known.refused_from, now)?;
        if known.expires_at.is_some_and(|end| end <= now) {
            return Err(Refusal::Expired.into());
        }
        Ok(known.principal.clone())
    }

    fn by_token(&self, text: &str, now: Timestamp) -> Result<Principal, ApiError> {
        let (Some(tokens), Some(directory)) = (&self.tokens, &self.directory) else {
            return Err(Refusal::Invalid.into());
        };
        let claims = tokens.api(text)?;
        let identities = directory.identities();
        if identities.revoked.contains(&claims.jti) {
            return Err(Refusal::Revoked.into());
        }
        if let Some(known) = identities.users.get(claims.sub.as_str()) {
            still(known.refused_from, now)?;
            began_in_time(&claims, known.user.sessions_valid_from)?;
            return Ok(known.principal.clone());
        }
        // Someone whom only the signer knows: the signer says for whom and as what.
        let (Some(tenant), Some(role)) = (&claims.tenant, claims.role) else { return Err(Refusal::Invalid.into()) };
        let Some(known) = identities.tenants.get(tenant.as_str()) else { return Err(unknown(directory)) };
        still(known.refused_from, now)?;
        if role == Role::System {
            return Err(Refusal::Invalid.into());
        }
        Ok(Principal { role, ..known.principal.clone() })
    }

    fn by_session(&self, text: &str, method: &Method, headers: &HeaderMap, now: Timestamp) -> Result<Caller, ApiError> {
        let (Some(tokens), Some(secret), Some(directory)) = (&self.tokens, &self.token_secret, &self.directory) else {
            return Err(Refusal::Invalid.into());
        };
        let claims = tokens.session(text)?;
        let identities = directory.identities();
        if identities.revoked.contains(&claims.jti) {
            return Err(Refusal::Revoked.into());
        }
        let Some(known) = identities.users.get(claims.sub.as_str()) else { return Err(unknown(directory)) };
        still(known.refused_from, now)?;
        began_in_time(&claims, known.user.sessions_valid_from)?;
        let csrf = csrf::token(secret, &claims.jti);
        if !csrf::allows(method, headers, &csrf) {
            return Err(ApiError::CsrfToken);
        }
        let until = Timestamp::from_second(claims.exp).unwrap_or(now);
        Ok(Caller { principal: known.principal.clone(), session: Some(Session { token: claims.jti, until, csrf }) })
    }

    /// Logs someone in: the token of their new session, the session, and who they are.
    pub(crate) async fn log_in(
        &self,
        email: &str,
        password: SecretString,
        peer: SocketAddr,
    ) -> Result<(String, Caller), ApiError> {
        let (Some(tokens), Some(secret), Some(directory)) = (&self.tokens, &self.token_secret, &self.directory) else {
            return Err(ApiError::SwitchedOff { what: "logging in (JWT_SECRET is not set)" });
        };
        let account = email.trim().to_lowercase();
        self.throttle.begin(peer.ip(), &account).map_err(|wait| ApiError::LoginThrottled { wait })?;
        let identities = directory.shared();
        let known = identities.user_by_email(&account);
        let digest = known.and_then(|known| known.user.password_hash.as_deref());
        let right = self.passwords.check(password, digest).await.ok_or(ApiError::LoginBusy)?;
        let now = Timestamp::now();
        let Some(known) = known.filter(|known| right && still(known.refused_from, now).is_ok()) else {
            return Err(if !right && known.is_none() && !directory.is_fresh() {
                ApiError::IdentitiesUnavailable
            } else {
                ApiError::WrongPassword
            });
        };
        self.throttle.succeeded(peer.ip(), &account);
        let jti = random::text(26).map_err(|_| ApiError::LoginBusy)?;
        let (token, claims) =
            tokens.begin_session(known.user.id.as_str(), jti, now).map_err(|_| ApiError::LoginBusy)?;
        let until = Timestamp::from_second(claims.exp).unwrap_or(now);
        let session = Session { csrf: csrf::token(secret, &claims.jti), token: claims.jti, until };
        Ok((token, Caller { principal: known.principal.clone(), session: Some(session) }))
    }
}

/// Who is not in the directory does not exist, if the directory is fresh.
fn unknown(directory: &Directory) -> ApiError {
    if directory.is_fresh() { Refusal::Invalid.into() } else { ApiError::IdentitiesUnavailable }
}

fn still(refused_from: Option<Timestamp>, now: Timestamp) -> Result<(), Refusal> {
    if refused_from.is_some_and(|end| end <= now) { Err(Refusal::Revoked) } else { Ok(()) }
}

/// Tokens say seconds: one that began in the very second counts as later.
fn began_in_time(claims: &Claims, valid_from: Timestamp) -> Result<(), Refusal> {
    if claims.iat < valid_from.as_second() { Err(Refusal::Revoked) } else { Ok(()) }
}

/// Whether a request comes from this machine and from no proxy on it, which would say for whom it asks.
fn is_of_this_machine(headers: &HeaderMap, peer: SocketAddr) -> bool {
    let forwarded = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via"];
    peer.ip().to_canonical().is_loopback() && !forwarded.iter().any(|name| headers.contains_key(*name))
}
