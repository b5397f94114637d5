//! Panels: interviews that are scheduled together.

use super::{Error, Fields, Lever, with_lever};
use crate::bindings::exports::ats::lever::panels::{
    Guest, NewPanel, Panel, PanelChange, PanelPage, PanelQuery, PanelsResult,
};
use crate::routes::panels as route;

impl Guest for Lever {
    fn list_page(
        opportunity: String,
        query: PanelQuery,
        cursor: Option<String>,
    ) -> Result<PanelPage, Error> {
        with_lever(|lever| lever.page(&route::LIST_PAGE, &[&opportunity], &query, cursor))
    }

    fn list_all(
        opportunity: String,
        query: PanelQuery,
        max_items: Option<u32>,
    ) -> Result<PanelPage, Error> {
        with_lever(|lever| lever.all(&route::LIST_ALL, &[&opportunity], &query, max_items))
    }

    fn list_for_many(
        opportunities: Vec<String>,
        query: PanelQuery,
    ) -> Result<Vec<PanelsResult>, Error> {
        let route = &route::LIST_FOR_MANY;
        with_lever(|lever| lever.lists::<PanelPage, _>(route, opportunities, &query))
    }

    fn get(
        opportunity: String,
        panel: String,
        include: Vec<String>,
        expand: Vec<String>,
    ) -> Result<Panel, Error> {
        let ids = [opportunity.as_str(), panel.as_str()];
        with_lever(|lever| lever.read(&route::GET, &ids, &Fields { include, expand }))
    }

    fn create(
        opportunity: String,
        panel: NewPanel,
        perform_as: Option<String>,
    ) -> Result<Panel, Error> {
        with_lever(|lever| lever.create_panel(&opportunity, &panel, perform_as))
    }

    fn update(
        opportunity: String,
        panel: String,
        change: PanelChange,
        perform_as: Option<String>,
    ) -> Result<Panel, Error> {
        with_lever(|lever| lever.update_panel(&opportunity, &panel, &change, perform_as))
    }

    fn delete(opportunity: String, panel: String, perform_as: Option<String>) -> Result<(), Error> {
        with_lever(|lever| lever.remove_as(&route::DELETE, &[&opportunity, &panel], perform_as))
    }
}
