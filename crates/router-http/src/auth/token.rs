//! Signed tokens (JWT, HS256): sessions of the dashboard, and tokens that an operator's own systems sign.

use jiff::Timestamp;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use router_core::principal::Role;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::refusal::Refusal;

/// The audience of sessions: a token for the API is none, and a stolen cookie is no token for the API.
const SESSION_AUDIENCE: &str = "llm-router/session";

/// Clocks of two machines differ.
const LEEWAY_SECONDS: u64 = 30;

/// What a token says. Times are seconds since 1970.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Claims {
    pub(crate) iss: String,
    pub(crate) aud: String,
    /// The user.
    pub(crate) sub: String,
    pub(crate) iat: i64,
    pub(crate) exp: i64,
    /// The token's own name, by which it is revoked.
    pub(crate) jti: String,
    /// Who is billed. Of a user that the router knows, the user's own tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tenant: Option<String>,
    /// What may be done. Of a user that the router knows, the user's own role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<Role>,
}

/// Signs and reads tokens.
pub(crate) struct Tokens {
    signing: EncodingKey,
    reading: DecodingKey,
    issuer: String,
    session: Validation,
    api: Validation,
}

impl Tokens {
    /// Under that secret (`JWT_SECRET`), for that issuer and audience.
    pub(crate) fn new(secret: &SecretString, issuer: &str, audience: &str) -> Self {
        let bytes = secret.expose_secret().as_bytes();
        Self {
            signing: EncodingKey::from_secret(bytes),
            reading: DecodingKey::from_secret(bytes),
            issuer: issuer.to_owned(),
            session: validation(issuer, SESSION_AUDIENCE),
            api: validation(issuer, audience),
        }
    }

    /// Begins a session of `user`. Returns the token and what it says.
    pub(crate) fn begin_session(
        &self,
        user: &str,
        jti: String,
        now: Timestamp,
    ) -> Result<(String, Claims), jsonwebtoken::errors::Error> {
        let lasts = i64::try_from(super::session::LASTS.as_secs()).unwrap_or(i64::MAX);
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: SESSION_AUDIENCE.to_owned(),
            sub: user.to_owned(),
            iat: now.as_second(),
            exp: now.as_second().saturating_add(lasts),
            jti,
            tenant: None,
            role: None,
        };
        Ok((encode(&Header::new(Algorithm::HS256), &claims, &self.signing)?, claims))
    }

    /// Reads the token of a session.
    pub(crate) fn session(&self, token: &str) -> Result<Claims, Refusal> {
        self.read(token, &self.session)
    }

    /// Reads a token that was signed for the API.
    pub(crate) fn api(&self, token: &str) -> Result<Claims, Refusal> {
        self.read(token, &self.api)
    }

    fn read(&self, token: &str, validation: &Validation) -> Result<Claims, Refusal> {
        let read = decode::<Claims>(token, &self.reading, validation).map_err(|error| match error.kind() {
            // Checked after the signature: only who had a valid one learns this.
            ErrorKind::ExpiredSignature => Refusal::Expired,
            _ => Refusal::Invalid,
        });
        read.map(|data| data.claims)
    }
}

/// HS256 and nothing else; issuer, audience and expiry must be there and right.
fn validation(issuer: &str, audience: &str) -> Validation {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[audience]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.validate_nbf = true;
    validation.leeway = LEEWAY_SECONDS;
    validation
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    fn tokens() -> Tokens {
        Tokens::new(&SecretString::from(SECRET), "us", "api")
    }

    fn good() -> Value {
        let now = Timestamp::now().as_second();
        json!({"iss": "us", "aud": "api", "sub": "someone", "iat": now, "exp": now + 600, "jti": "1", "role": "caller"})
    }

    fn signed(claims: &Value, algorithm: Algorithm, secret: &str) -> String {
        encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap()
    }

    #[test]
    fn a_token_for_the_api_is_read() {
        let claims = tokens().api(&signed(&good(), Algorithm::HS256, SECRET)).unwrap();
        assert_eq!((&*claims.sub, claims.role), ("someone", Some(Role::Caller)));
    }

    #[test]
    fn everything_about_a_token_has_to_be_right() {
        let changed = |name: &str, value: Value| {
            let mut claims = good();
            match value {
                Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
                value => claims[name] = value,
            }
            tokens().api(&signed(&claims, Algorithm::HS256, SECRET)).err()
        };
        let long_ago = Timestamp::now().as_second() - 3600;
        assert_eq!(changed("exp", json!(long_ago)), Some(Refusal::Expired));
        for (name, value) in [
            ("iss", json!("them")),
            ("aud", json!("another")),
            ("aud", json!(SESSION_AUDIENCE)),
            ("exp", Value::Null),
            ("iss", Value::Null),
            ("aud", Value::Null),
            ("sub", Value::Null),
            ("jti", Value::Null),
            ("role", json!("god")),
            ("nbf", json!(Timestamp::now().as_second() + 600)),
        ] {
            assert_eq!(changed(name, value.clone()), Some(Refusal::Invalid), "{name}: {value}");
        }
    }

    #[test]
    fn neither_another_secret_nor_another_algorithm_is_taken() {
        let other = signed(&good(), Algorithm::HS256, "another secret of thirty-two signs");
        let longer = signed(&good(), Algorithm::HS512, SECRET);
        let ours = signed(&good(), Algorithm::HS256, SECRET);
        // `{"alg":"none"}`, with the signature of another token and with none.
        let (payload, signature) = ours.split_once('.').unwrap().1.split_once('.').unwrap();
        let none = format!("eyJhbGciOiJub25lIn0.{payload}.");
        let none_signed = format!("eyJhbGciOiJub25lIn0.{payload}.{signature}");
        for token in [&other, &longer, &none, &none_signed, &ours[..ours.len() - 2], "a.b.c", ""] {
            assert_eq!(tokens().api(token).err(), Some(Refusal::Invalid), "{token}");
        }
    }

    #[test]
    fn a_session_is_no_token_for_the_api_and_the_other_way_round() {
        let (session, claims) = tokens().begin_session("someone", "1".into(), Timestamp::now()).unwrap();
        assert_eq!(claims.exp - claims.iat, 12 * 60 * 60);
        assert_eq!(tokens().session(&session).unwrap().sub, "someone");
        assert_eq!(tokens().api(&session).err(), Some(Refusal::Invalid));
        assert_eq!(tokens().session(&signed(&good(), Algorithm::HS256, SECRET)).err(), Some(Refusal::Invalid));
    }
}
