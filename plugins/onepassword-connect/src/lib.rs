//! Secrets from a 1Password Connect server.
//!
//! Speaks the Connect API: `GET /v1/vaults` and `/v1/vaults/VAULT/items`, with filters, to turn
//! names into IDs, and `GET /v1/vaults/VAULT/items/ITEM` to read. A path is `ITEM/FIELD`, in the
//! vault of the settings, or `VAULT/ITEM/FIELD`. Vaults and items are named by title or ID, fields
//! by label or ID. Connect gives only the current version of an item, so a reference with a
//! version is refused.
//!
//! A batch takes three rounds at most: vaults, items, contents. Each sends all its requests at
//! once and asks for nothing twice.
//!
//! The launcher adds the token, as header `authorization`.

mod item;
mod lookup;
mod place;

use std::rc::Rc;

use secret_run_sdk::encoding::{base_url, segment};
use secret_run_sdk::{
    About, Backend, Document, Error, Host, OriginSpec, Reference, Request, SettingSpec,
    export_backend, send_distinct,
};

use item::Item;
use lookup::{ITEMS, VAULTS};
use place::Place;

const ADDRESS: &str = "http://localhost:8080";

/// A 1Password Connect server.
#[derive(Debug)]
pub struct OnePasswordConnect;

export_backend!(OnePasswordConnect);

impl Backend for OnePasswordConnect {
    fn about() -> About {
        About::new("Fields of items of 1Password, by a Connect server")
            .setting(SettingSpec::new("address", "URL of the Connect server").default(ADDRESS))
            .setting(SettingSpec::new(
                "vault",
                "title or ID of the vault of paths that name none",
            ))
            .origin(OriginSpec::required("{address}", "to read items"))
    }

    fn fetch(host: &impl Host, references: &[Reference]) -> Vec<Result<Document, Error>> {
        let address = host.setting("address").unwrap_or(ADDRESS.to_owned());
        let vaults_url = format!("{}/v1/vaults", base_url(&address));
        let default_vault = host.setting("vault");

        let places: Vec<_> = references
            .iter()
            .map(|reference| Place::parse(reference.without_version()?, default_vault.as_deref()))
            .collect();
        let vaults = places.iter().map(|place| {
            let name = place.as_ref().map_err(Error::clone)?.vault;
            Ok((vaults_url.clone(), name))
        });
        let vaults = VAULTS.resolve(host, vaults.collect());
        let items = places.iter().zip(vaults).map(|(place, vault)| {
            let name = place.as_ref().map_err(Error::clone)?.item;
            Ok((format!("{vaults_url}/{}/items", segment(&vault?)?), name))
        });
        let items: Vec<Result<(String, &str), Error>> = items.collect();
        let ids = ITEMS.resolve(host, items.clone());
        let requests = items.into_iter().zip(ids).map(|(items, id)| {
            let (url, _) = items?;
            Ok(Request::get(format!("{url}/{}", segment(&id?)?)))
        });
        let contents = send_distinct(host, requests, Item::read);
        places
            .into_iter()
            .zip(contents)
            .map(|(place, item)| document(&place?, item))
            .collect()
    }
}

fn document(place: &Place, item: Result<Rc<Item>, Error>) -> Result<Document, Error> {
    let item = item?;
    let document = Document::new(item.field(place.field)?);
    Ok(document.version(item.version.to_string()))
}
