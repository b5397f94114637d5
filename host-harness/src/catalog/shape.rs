//! The shapes of results, as far as showing them to people needs: which fields
//! there are, in the order of the WIT, and which of them are times.

use wit_parser::{Resolve, Type, TypeDefKind};

/// The shape of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// A text, a number, a flag or a case.
    Scalar,
    /// Milliseconds since 1970-01-01 UTC.
    Time,
    /// A list of such.
    List(Box<Shape>),
    /// Fields by their names.
    Record(Vec<(String, Shape)>),
}

impl Shape {
    /// The shape of a type; an absent value has the shape that it would have.
    pub(super) fn of(resolve: &Resolve, ty: &Type) -> Shape {
        let Type::Id(id) = ty else { return Shape::Scalar };
        let definition = &resolve.types[*id];
        // The name that `types.wit` gives to times.
        if definition.name.as_deref() == Some("timestamp") {
            return Shape::Time;
        }
        match &definition.kind {
            TypeDefKind::Type(inner) | TypeDefKind::Option(inner) => Shape::of(resolve, inner),
            TypeDefKind::List(Type::U8) => Shape::Scalar,
            TypeDefKind::List(item) => Shape::List(Box::new(Shape::of(resolve, item))),
            TypeDefKind::Record(record) => {
                let fields = record.fields.iter();
                let shaped =
                    fields.map(|field| (field.name.clone(), Shape::of(resolve, &field.ty)));
                Shape::Record(shaped.collect())
            }
            _ => Shape::Scalar,
        }
    }

    /// What a function answers when all is well; none where that is nothing.
    pub(super) fn of_result(resolve: &Resolve, ty: &Type) -> Option<Shape> {
        if let Type::Id(id) = ty
            && let TypeDefKind::Result(result) = &resolve.types[*id].kind
        {
            return result.ok.as_ref().map(|ok| Shape::of(resolve, ok));
        }
        Some(Shape::of(resolve, ty))
    }

    /// The fields of a record, or of the records in a list.
    pub fn fields(&self) -> &[(String, Shape)] {
        match self {
            Shape::Record(fields) => fields,
            Shape::List(item) => item.fields(),
            Shape::Scalar | Shape::Time => &[],
        }
    }

    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<&Shape> {
        self.fields().iter().find(|(own, _)| own == name).map(|(_, shape)| shape)
    }

    /// The records that a result is about: those of a page, of a list, or the
    /// one that it is.
    pub fn records(&self) -> &Shape {
        match self {
            Shape::Record(_) => match self.field("items") {
                Some(Shape::List(item)) => item,
                _ => self,
            },
            Shape::List(item) => item,
            Shape::Scalar | Shape::Time => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;

    #[test]
    fn a_result_has_the_fields_of_the_wit_in_their_order() {
        let shape = |id: &str| {
            Catalog::embedded().function_by_id(id).unwrap().result.as_ref().map(Shape::records)
        };
        let names = |shape: &Shape| -> Vec<String> {
            shape.fields().iter().map(|(name, _)| name.clone()).collect()
        };
        let note = shape("notes.list-page").unwrap();
        assert_eq!(names(note)[..3], ["id", "text", "fields"]);
        assert_eq!(note.field("created-at"), Some(&Shape::Time));
        assert_eq!(note.field("fields").unwrap().field("created-at"), Some(&Shape::Time));
        assert_eq!(shape("notes.get"), Some(note));
        assert_eq!(names(shape("notes.list-for-many").unwrap())[..2], ["opportunity", "items"]);
        assert_eq!(shape("notes.delete"), None);
    }
}
