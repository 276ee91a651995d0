//! Reading all that a run wants, each path once.

use std::collections::BTreeMap;

use futures_util::future::{join_all, try_join};
use http::HeaderValue;

use super::client::{Call, Client};
use super::document::Content;
use super::engine::{Engine, Mounts, Target};
use super::handle::Leased;
use super::login::Session;
use super::reply::Reply;
use super::transit::Transit;
use super::{VaultError, encoded};
use crate::backend::{Document, Request, Version};
use crate::manifest::KvVersion;

/// As much of what was asked for is shown.
const SHOWN: usize = 200;

/// Where in Vault an app's secrets are.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) namespace: Option<String>,
    pub(super) mount: Option<String>,
    pub(super) path: Option<String>,
    /// What the manifest says of the mount.
    pub(super) kv_version: Option<KvVersion>,
    /// What decrypts references.
    pub(super) transit: Option<Transit>,
}

/// What was answered to one request.
pub(super) struct Answer {
    pub(super) document: Result<Option<Document>, VaultError>,
    /// Why there is nothing.
    pub(super) notice: Option<VaultError>,
    /// What Vault knows the lease by, where there is one, also if the document is not taken.
    pub(super) leased: Option<Leased>,
}

/// Reads with a token.
pub(super) struct Reader<'a> {
    pub(super) client: &'a Client,
    pub(super) session: &'a Session,
    pub(super) place: &'a Place,
}

/// A request that is made.
struct Wanted {
    path: String,
    target: Target,
    url: String,
    /// Whether it is the version before that of the URL.
    is_previous: bool,
}

/// Replies by their URL.
type Replies = BTreeMap<String, Result<Reply, VaultError>>;

impl Wanted {
    /// The version before the one of a reply; `None` if there is none.
    fn before(&self, reply: &Reply) -> Option<Self> {
        let version = Content::version(reply).filter(|version| *version > 1)?;
        Some(Self {
            path: self.path.clone(),
            target: self.target.clone(),
            url: format!("{}?version={}", self.url, version - 1),
            is_previous: false,
        })
    }
}

impl From<Result<Option<Document>, VaultError>> for Answer {
    fn from(document: Result<Option<Document>, VaultError>) -> Self {
        Self {
            document,
            notice: None,
            leased: None,
        }
    }
}

impl Place {
    /// The whole path of a request: one that begins with `/` is whole already.
    pub(super) fn path(&self, request: &Request) -> Result<String, VaultError> {
        let parts = [
            self.mount.as_deref(),
            self.path.as_deref(),
            Some(&*request.path),
        ];
        let path = match request.path.strip_prefix('/') {
            Some(path) => path.to_owned(),
            None if request.path.is_empty() && self.path.is_none() => {
                return Err(VaultError::NoPath);
            }
            None => {
                let parts = parts.into_iter().flatten().filter(|part| !part.is_empty());
                parts.collect::<Vec<_>>().join("/")
            }
        };
        let is_name = |part: &str| {
            let plain = part.trim() == part && !part.contains(char::is_control);
            plain && !matches!(part, "" | "." | "..")
        };
        if path.split('/').all(is_name) {
            Ok(path)
        } else {
            Err(VaultError::BadPath {
                path: request.path.chars().take(SHOWN).collect(),
            })
        }
    }

    /// What the manifest says of mounts, for these paths.
    pub(super) fn stated(&self, paths: &[Result<String, VaultError>]) -> Mounts {
        let Some(version) = self.kv_version else {
            return Mounts::default();
        };
        let first = |path: &String| path.split('/').next().map(str::to_owned);
        let mount = self.mount.clone().or_else(|| {
            let mut paths = paths.iter().flatten();
            paths.next().and_then(first)
        });
        mount.map_or_else(Mounts::default, |mount| Mounts::stated(&mount, version))
    }
}

impl Reader<'_> {
    /// One answer per request, in order.
    pub(super) async fn read(&self, requests: &[Request]) -> Result<Vec<Answer>, VaultError> {
        let paths: Vec<_> = requests
            .iter()
            .map(|request| self.place.path(request))
            .collect();
        let stated = self.place.stated(&paths);
        let is_stated = |path: &String| stated.target(path).is_some();
        let (mounts, early) = if paths.iter().flatten().all(is_stated) {
            (stated.clone(), Replies::new())
        } else {
            let (listed, early) = self.listed_and_supposed(&paths, requests).await?;
            (listed.and(stated.clone()), early)
        };
        let wanted: Vec<_> = paths
            .into_iter()
            .zip(requests)
            .map(|(path, request)| wanted(path?, request, &mounts))
            .collect();
        let is_open = |wanted: &&Wanted| !early.contains_key(&wanted.url);
        let mut replies = self.replies(wanted.iter().flatten().filter(is_open)).await;
        replies.extend(early);
        // The one before a version is known by the number of that.
        let before = |wanted: &Wanted| wanted.before(replies[&wanted.url].as_ref().ok()?);
        let is_previous = |wanted: &&Wanted| wanted.is_previous;
        let before: BTreeMap<&str, Wanted> = wanted
            .iter()
            .flatten()
            .filter(is_previous)
            .filter_map(|wanted| Some((wanted.url.as_str(), before(wanted)?)))
            .collect();
        let earlier = self.replies(before.values()).await;
        let answers = wanted.iter().map(|wanted| match wanted {
            Ok(wanted) if wanted.is_previous => self.previous(before.get(&*wanted.url), &earlier),
            Ok(wanted) => self.told(&replies, wanted),
            Err(error) => Err(error.clone()).into(),
        });
        let mut answers: Vec<_> = answers.collect();
        if stated != Mounts::default()
            && let Err(error) = self.doubt(&mut answers, &stated).await
        {
            // What is leased must not be forgotten with the rest.
            if answers.iter().all(|answer| answer.leased.is_none()) {
                return Err(error);
            }
            for answer in answers.iter_mut().filter(|answer| is_doubtful(answer)) {
                answer.document = Err(error.clone());
            }
        }
        Ok(answers)
    }

    /// What is mounted where, and in the same round trip what is at the paths below `mount`, as
    /// far as it holds version 2 of the engine for keys and values, as nearly all do. Whoever is
    /// told otherwise finds nothing of use among these replies, and asks again.
    async fn listed_and_supposed(
        &self,
        paths: &[Result<String, VaultError>],
        requests: &[Request],
    ) -> Result<(Mounts, Replies), VaultError> {
        let supposed = match (&self.place.mount, self.place.kv_version) {
            (Some(mount), None) => Mounts::stated(mount, KvVersion::Two),
            _ => Mounts::default(),
        };
        let supposed: Vec<Wanted> = paths
            .iter()
            .zip(requests)
            .filter_map(|(path, request)| {
                let path = path.as_ref().ok()?;
                wanted(path.clone(), request, &supposed).ok()
            })
            .collect();
        let replies = async { Ok(self.replies(supposed.iter()).await) };
        // Without a list of mounts nothing can be said of the replies, so they are not waited for.
        try_join(self.mounts(), replies).await
    }

    fn told(&self, replies: &Replies, wanted: &Wanted) -> Answer {
        match &replies[&wanted.url] {
            Ok(reply) => self.answer(reply, wanted),
            Err(error) => Err(error.clone()).into(),
        }
    }

    /// The version before, if there is one: that it is gone is nothing to tell of.
    fn previous(&self, before: Option<&Wanted>, replies: &Replies) -> Answer {
        let Some(before) = before else {
            return Ok(None).into();
        };
        Answer {
            notice: None,
            ..self.told(replies, before)
        }
    }

    /// Asks for each URL once, all at once.
    async fn replies(&self, wanted: impl Iterator<Item = &Wanted>) -> Replies {
        let by_url: BTreeMap<&str, &Wanted> =
            wanted.map(|wanted| (wanted.url.as_str(), wanted)).collect();
        let token: &HeaderValue = &self.session.token;
        let reads = by_url.into_iter().map(|(url, wanted)| async move {
            // Other engines may make something for who reads, and only their answer says what.
            let call = Call {
                once: wanted.target.engine == Engine::Other,
                ..Call::get(url, &wanted.path, token)
            };
            (url.to_owned(), self.client.send(&call).await)
        });
        join_all(reads).await.into_iter().collect()
    }

    fn answer(&self, reply: &Reply, wanted: &Wanted) -> Answer {
        let path = || wanted.path.clone();
        match reply.status {
            200 => {}
            403 => {
                return Err(VaultError::Denied {
                    path: wanted.target.api_path.clone(),
                    capability: "read",
                    namespace: self.place.namespace.clone(),
                })
                .into();
            }
            404 if reply.says("namespace") => return Err(self.client.no_namespace()).into(),
            404 if reply.says("no handler for route") => {
                return Err(VaultError::NoMount { path: path() }).into();
            }
            404 => {}
            status => {
                return Err(VaultError::Refused {
                    path: path(),
                    status,
                })
                .into();
            }
        }
        let document = match Content::of(reply, wanted.target.engine, self.session.lifetime) {
            Content::Document(document) => Ok(Some(document)),
            Content::Absent => Ok(None),
            Content::Gone { version, destroyed } => {
                return Answer {
                    document: Ok(None),
                    notice: Some(VaultError::Gone {
                        path: path(),
                        version,
                        destroyed,
                    }),
                    leased: None,
                };
            }
            Content::OtherKv => Err(wanted.target.wrong_kv()),
            Content::Nothing => Err(VaultError::NoAnswer { path: path() }),
        };
        let lease = document
            .as_ref()
            .ok()
            .and_then(|document| document.as_ref()?.lease);
        let leased = lease.and_then(|lease| {
            Some(Leased {
                lease,
                id: reply.answer()?.lease_id(),
                path: path(),
            })
        });
        Answer {
            leased,
            ..document.into()
        }
    }

    /// Where the manifest says which engine it is, nobody was asked; so a wrong word of it looks
    /// like what is absent or denied. Then Vault is asked after all.
    async fn doubt(&self, answers: &mut [Answer], stated: &Mounts) -> Result<(), VaultError> {
        if !answers.iter().any(is_doubtful) {
            return Ok(());
        }
        let listed = self.mounts().await?;
        let Some((mount, version)) = stated.differing(&listed) else {
            return Ok(());
        };
        for answer in answers.iter_mut().filter(|answer| is_doubtful(answer)) {
            answer.document = Err(VaultError::WrongKv {
                mount: mount.clone(),
                stated: version,
            });
        }
        Ok(())
    }

    /// Asks what is mounted where. Any token that is one may ask that.
    pub(super) async fn mounts(&self) -> Result<Mounts, VaultError> {
        const PATH: &str = "sys/internal/ui/mounts";
        let url = format!("/v1/{PATH}");
        let call = Call::get(&url, PATH, &self.session.token);
        let reply = self.client.send(&call).await?;
        let listed = || reply.answer().and_then(|answer| Mounts::listed(&answer));
        match reply.status {
            // OpenBao has nothing for nobody, where Vault refuses.
            200 if self.session.token.is_empty() && listed() == Some(Mounts::default()) => {
                Err(self.session.unknown())
            }
            200 => listed().ok_or_else(|| VaultError::NoAnswer { path: PATH.into() }),
            403 if reply.is_error_of_vault() => Err(self.session.unknown()),
            404 if reply.says("namespace") => Err(self.client.no_namespace()),
            _ if !reply.is_error_of_vault() => Err(VaultError::NoAnswer { path: PATH.into() }),
            status => Err(VaultError::Refused {
                path: PATH.into(),
                status,
            }),
        }
    }
}

/// Whether an answer may come of a wrong word about the engine.
fn is_doubtful(answer: &Answer) -> bool {
    let is_doubtful = matches!(
        answer.document,
        Ok(None) | Err(VaultError::Denied { .. } | VaultError::NoMount { .. })
    );
    is_doubtful && answer.notice.is_none()
}

impl Target {
    fn keeps_versions(&self) -> bool {
        self.engine == Engine::Kv(KvVersion::Two)
    }

    fn wrong_kv(&self) -> VaultError {
        VaultError::WrongKv {
            mount: self.mount.clone(),
            stated: if self.keeps_versions() { 2 } else { 1 },
        }
    }
}

fn wanted(path: String, request: &Request, mounts: &Mounts) -> Result<Wanted, VaultError> {
    let Some(target) = mounts.target(&path) else {
        return Err(VaultError::NoMount { path });
    };
    let mut url = format!("/v1/{}", encoded(&target.api_path));
    if let Some(Version::Named(version)) = &request.version {
        if !target.keeps_versions() {
            return Err(VaultError::NoVersions { path });
        }
        let number: Option<u64> = version.parse().ok();
        let digits = version.bytes().all(|byte| byte.is_ascii_digit());
        let number = number.filter(|number| digits && *number > 0);
        let number = number.ok_or_else(|| VaultError::BadVersion {
            version: version.chars().take(SHOWN).collect(),
        })?;
        url.push_str(&format!("?version={number}"));
    }
    Ok(Wanted {
        path,
        target,
        url,
        is_previous: request.version == Some(Version::Previous),
    })
}
