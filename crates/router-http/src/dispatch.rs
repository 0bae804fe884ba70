//! From a method and a path to its route.

use std::collections::BTreeMap;

use http::Method;

use crate::error::ApiError;
use crate::query;
use crate::route::Route;
use crate::routes::ROUTES;

/// Finds routes by path and method.
pub(crate) struct Dispatch {
    /// The routes of each path; ordered by method name, so that `Allow` is stable.
    paths: matchit::Router<BTreeMap<&'static str, &'static Route>>,
}

/// A route, and what its path held.
pub(crate) struct Found {
    pub(crate) route: &'static Route,
    /// The path's `{id}`, decoded.
    pub(crate) path_id: Option<String>,
}

impl Dispatch {
    /// Over all of [`ROUTES`].
    pub(crate) fn new() -> Self {
        let mut by_path: BTreeMap<&'static str, BTreeMap<&'static str, &'static Route>> = BTreeMap::new();
        for route in ROUTES {
            by_path.entry(route.path).or_default().insert(route.method.as_str(), route);
        }
        let mut paths = matchit::Router::new();
        for (path, routes) in by_path {
            if let Err(error) = paths.insert(path, routes) {
                // The table is fixed, and a test dispatches every row of it.
                tracing::error!(path, %error, "a route cannot be reached");
            }
        }
        Self { paths }
    }

    /// The route for `method` and `path`. HEAD is answered where GET is.
    pub(crate) fn find(&self, method: &Method, path: &str) -> Result<Found, ApiError> {
        let Ok(matched) = self.paths.at(path) else {
            return Err(ApiError::NoSuchPath { path: shown(path) });
        };
        let wanted = if method == Method::HEAD { Method::GET } else { method.clone() };
        let Some(&route) = matched.value.get(wanted.as_str()) else {
            return Err(ApiError::MethodNotAllowed { allow: allow(matched.value) });
        };
        let path_id = match matched.params.get("id") {
            Some(raw) => {
                Some(query::decode(raw).ok_or_else(|| ApiError::invalid("id", "must be percent-encoded UTF-8"))?)
            }
            None => None,
        };
        Ok(Found { route, path_id })
    }
}

fn allow(routes: &BTreeMap<&'static str, &'static Route>) -> String {
    let head = routes.contains_key("GET").then_some("HEAD");
    routes.keys().copied().chain(head).collect::<Vec<_>>().join(", ")
}

/// The path as an error repeats it: shortened. (hyper lets only visible ASCII through.)
fn shown(path: &str) -> String {
    path.chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_table_is_reached() {
        let dispatch = Dispatch::new();
        for route in ROUTES {
            let path = route.path.replace("{id}", "a%20b").replace("{*id}", "a%20b");
            let found = dispatch.find(&route.method, &path).unwrap();
            assert!(std::ptr::eq(found.route, route), "{} {}", route.method, route.path);
            assert_eq!(found.path_id.as_deref(), route.path.contains("id}").then_some("a b"));
        }
    }

    #[test]
    fn head_is_get_and_other_methods_are_told_what_there_is() {
        let dispatch = Dispatch::new();
        assert_eq!(
            dispatch.find(&Method::HEAD, "/api/models").ok().map(|found| &found.route.method),
            Some(&Method::GET)
        );
        for (method, path, allow) in [
            (Method::OPTIONS, "/api/feedback", "GET, POST, HEAD"),
            (Method::GET, "/api/route", "POST"),
            (Method::HEAD, "/api/route", "POST"),
        ] {
            let refused = dispatch.find(&method, path).err().unwrap();
            assert!(matches!(&refused, ApiError::MethodNotAllowed { allow: given } if given == allow), "{refused}");
        }
        let slashes = dispatch.find(&Method::GET, "/v1/models/a/b%2Fc:d").unwrap();
        assert_eq!(slashes.path_id.as_deref(), Some("a/b/c:d"));
        assert!(matches!(dispatch.find(&Method::GET, "/api/requests/%ff"), Err(ApiError::Invalid { .. })));
        assert!(matches!(dispatch.find(&Method::GET, "/api/models/"), Err(ApiError::NoSuchPath { .. })));
    }
}
