"""What each function is called with: parameters by name, those that may be absent left out.

In the order of the calls. A row takes the mock's truth and what earlier calls returned, by the function's name.
"""

import json
import pathlib
import urllib.error
import urllib.parse
import urllib.request

FIXTURES = pathlib.Path(__file__).parents[2] / "fixtures" / "webhooks"
APP = {
    "client-id": "mock-client-id",
    "client-secret": "mock-client-secret",
    "redirect-uri": "http://localhost:8910/callback",
}
BYTES = {"name": "cv.pdf", "content": "%PDF-1.4 \x00 \x7f %%EOF"}
DAY = 86_400_000


class Truth:
    """Records of the mock to call functions with."""

    def __init__(self, mock):
        self.mock = mock
        self.people = [
            it for it in mock.records("opportunities") if it["confidentiality"] == "non-confidential"
        ]
        self.shown = {it["id"] for it in self.people}
        self.active = next(it["id"] for it in self.people if it["archived"] is None)
        self.user = next(it["id"] for it in mock.records("users") if it["deactivatedAt"] is None)
        self.two = [it["id"] for it in self.people[:2]]

    def below(self, kind, fits=lambda record: True):
        """The first record of a kind that is below an opportunity: that one's id, and the record's."""
        for record in self.mock.records(kind):
            opportunity = record.get("$opportunity") or record.get("opportunityId")
            if opportunity in self.shown and fits(record):
                return {"opportunity": opportunity, kind.rstrip("s"): record["id"]}
        raise LookupError(kind)

    def parent(self, kind):
        return self.below(kind)["opportunity"]

    def first(self, kind, fits=lambda record: True):
        return next(record["id"] for record in self.mock.records(kind) if fits(record))

    def code(self, url):
        """The code that the authorization server sends a browser back with from this address."""

        class Stay(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *_):
                return None

        try:
            urllib.request.build_opener(Stay).open(url, timeout=30)
        except urllib.error.HTTPError as answer:
            back = urllib.parse.urlsplit(answer.headers["location"])
            return urllib.parse.parse_qs(back.query)["code"][0]


def answer(field):
    """A sound answer to a field of a form."""
    option = field["options"][0]["text"] if field.get("options") else None
    kinds = {
        "date": {"date": 1_767_225_600_000},
        "currency": {"number": 50_000.0},
        "score": {"number": 3.0},
        "scorecard": {"scores": [{"score": 4, "comment": "good"} for _ in field.get("scores") or []]},
        "multiple-select": {"choices": [option]},
        "dropdown": {"text": option},
        "multiple-choice": {"text": option},
        "score-system": {"text": option},
        "yes-no": {"text": "yes"},
        "file-upload": {"file": BYTES},
    }
    return {"id": field["id"]} | kinds.get(field["type"], {"text": "I like boats."})


def form_of(truth):
    """The feedback template with the most kinds of field that the API takes, with an answer to each."""
    templates = truth.mock.records("feedback_templates")
    templates = [it for it in templates if all(field["type"] != "file-upload" for field in it["fields"])]
    template = max(templates, key=lambda it: len(it["fields"]))
    return {"base-template-id": template["id"], "field-values": [answer(it) for it in template["fields"]]}


def open_posting(truth, questions):
    """What `postings.apply` is called with, to answer everything that the posting asks."""
    person = {"fullName": "Remy Castellan", "email": "remy.castellan@example.com"}
    asked = questions["personal-information"]
    for field in asked:
        if field["required"] and field["name"] not in (*person, "resume"):
            person[field["name"]] = "x"
    sets = [it for it in questions["custom-questions"] if "external" in it["distribution"]]
    sets = [{"id": it["id"], "fields": [answer(field) for field in it["fields"]]} for it in sets]
    return {
        "personal-information": [{"name": name, "value": value} for name, value in person.items()],
        "custom-questions": sets,
        "resume": BYTES,
        "origin": "applied",
    }


def lists(interface, kind):
    """The three ways to read what is below opportunities."""
    return [
        (f"{interface}.list-page", lambda t, r: {"opportunity": t.parent(kind), "query": {"limit": 1}}),
        (f"{interface}.list-all", lambda t, r: {"opportunity": t.parent(kind), "query": {}, "max-items": 3}),
        (f"{interface}.list-for-many", lambda t, r: {"opportunities": t.two, "query": {}}),
    ]


def interview(truth):
    return {
        "subject": "Phone screen", "interviewers": [{"id": truth.user}],
        "date": 1_900_000_000_000, "duration": 45,
    }


def window(truth):
    """Thirty days up to the end of the account's history."""
    return {"deleted-at-start": 1_767_225_600_000 - 29 * DAY, "deleted-at-end": 1_767_225_600_000}


def is_sound(resume):
    return resume["file"] and resume["file"]["status"] == "processed"


def delivered():
    sent = (FIXTURES / "candidateHired.json").read_text()
    vectors = json.loads((FIXTURES / "_signature_vectors.json").read_text())
    at = json.loads(sent)["triggeredAt"]
    return {"body": sent, "signature-token": vectors["signatureToken"], "max-age-ms": 5000, "now": at + 1000}


ROWS = [
    *lists("applications", "applications"),
    ("applications.get", lambda t, r: t.below("applications")),
    ("applications.list-deleted", lambda t, r: {"query": window(t)}),
    ("applications.list-all-deleted", lambda t, r: {"query": window(t), "max-items": 2}),
    ("archive-reasons.list-page", lambda t, r: {"query": {"limit": 2}}),
    ("archive-reasons.list-all", lambda t, r: {"query": {}}),
    ("archive-reasons.get", lambda t, r: {"archive-reason": t.first("archive_reasons")}),
    ("stages.list-page", lambda t, r: {"query": {"limit": 2}}),
    ("stages.list-all", lambda t, r: {"query": {}, "max-items": 5}),
    ("stages.get", lambda t, r: {"stage": "lead-new", "include": ["text"]}),
    ("opportunities.list-page", lambda t, r: {"query": {"limit": 3, "created-at-start": 1, "expand": ["owner"]}}),
    ("opportunities.list-all", lambda t, r: {"query": {"archived": True}, "max-items": 5}),
    ("opportunities.list-deleted", lambda t, r: {"query": window(t)}),
    ("opportunities.list-all-deleted", lambda t, r: {"query": window(t)}),
    ("opportunities.get", lambda t, r: {"opportunity": t.active, "expand": ["contact", "stage"]}),
    ("opportunities.get-many", lambda t, r: {"opportunities": t.two}),
    ("opportunities.list-file-actions", lambda t, r: {"opportunity": t.active, "query": {}}),
    ("opportunities.list-all-file-actions", lambda t, r: {"opportunity": t.active, "query": {}}),
    ("opportunities.create", lambda t, r: {
        "opportunity": {
            "name": "Zoë Marchetti", "emails": ["zoe@example.com"], "phones": [{"value": "1", "type": "work"}],
            "resume-file": BYTES,
        },
        "perform-as": t.user,
    }),
    ("opportunities.update-stage", lambda t, r: {"opportunity": t.active, "stage": "offer", "perform-as": t.user}),
    ("opportunities.add-tags", lambda t, r: {"opportunity": t.active, "tags": ["Café ☕"]}),
    ("opportunities.remove-tags", lambda t, r: {"opportunity": t.active, "tags": ["Café ☕"]}),
    ("opportunities.add-links", lambda t, r: {"opportunity": t.active, "links": ["https://example.com/a"]}),
    ("opportunities.remove-links", lambda t, r: {"opportunity": t.active, "links": ["https://example.com/a"]}),
    ("opportunities.add-sources", lambda t, r: {"opportunity": t.active, "sources": ["Fair"]}),
    ("opportunities.remove-sources", lambda t, r: {"opportunity": t.active, "sources": ["Fair"]}),
    ("opportunities.archive", lambda t, r: {
        "opportunity": t.active, "options": {"clean-interviews": True},
        "reason": t.first("archive_reasons", lambda it: it["type"] == "non-hired" and it["status"] == "active"),
    }),
    ("opportunities.unarchive", lambda t, r: {"opportunity": t.active}),
    *lists("notes", "notes"),
    ("notes.get", lambda t, r: t.below("notes")),
    ("notes.create", lambda t, r: {"opportunity": t.active, "note": {"value": "Likes boats", "secret": True, "score": 3}}),
    ("notes.update", lambda t, r: {"opportunity": t.active, "note": r["notes.create"]["id"], "change": {"values": [{"value": "Ships"}]}}),
    ("notes.delete", lambda t, r: {"opportunity": t.active, "note": r["notes.create"]["id"]}),
    ("feedback-templates.list-page", lambda t, r: {"query": {"limit": 1}}),
    ("feedback-templates.list-all", lambda t, r: {"query": {}}),
    ("feedback-templates.get", lambda t, r: {"feedback-template": t.first("feedback_templates")}),
    ("feedback-templates.create", lambda t, r: {"feedback-template": {
        "text": "Boats", "instructions": "Be fair.",
        "fields": [
            {"type": "score-system", "text": "Rating", "required": True,
             "options": [{"text": "4 - Strong Hire"}, {"text": "1 - Strong No Hire"}]},
            {"type": "textarea", "text": "Notes"},
        ],
    }}),
    ("feedback-templates.update", lambda t, r: {
        "feedback-template": r["feedback-templates.create"]["id"], "change": {"text": "Sails"},
    }),
    *lists("feedback", "feedback"),
    ("feedback.get", lambda t, r: t.below("feedback", lambda it: it["deletedAt"] is None)),
    ("feedback.create", lambda t, r: {"opportunity": t.active, "feedback": form_of(t), "perform-as": t.user}),
    ("feedback.update", lambda t, r: {
        "opportunity": t.active, "feedback": r["feedback.create"]["id"], "perform-as": t.user,
        "change": {"completed-at": 1_767_225_600_000},
    }),
    ("feedback.delete", lambda t, r: {
        "opportunity": t.active, "feedback": r["feedback.create"]["id"], "perform-as": t.user,
    }),
    ("feedback-templates.delete", lambda t, r: {"feedback-template": r["feedback-templates.create"]["id"]}),
    *lists("panels", "panels"),
    ("panels.get", lambda t, r: t.below("panels")),
    ("panels.create", lambda t, r: {
        "opportunity": t.active, "perform-as": t.user,
        "panel": {"timezone": "Europe/Lisbon", "interviews": [interview(t)]},
    }),
    ("panels.update", lambda t, r: {
        "opportunity": t.active, "panel": r["panels.create"]["id"], "perform-as": t.user, "change": {"note": "Loud"},
    }),
    *lists("interviews", "interviews"),
    ("interviews.get", lambda t, r: t.below("interviews")),
    ("interviews.create", lambda t, r: {
        "opportunity": t.active, "perform-as": t.user,
        "interview": interview(t) | {"panel": r["panels.create"]["id"]},
    }),
    ("interviews.update", lambda t, r: {
        "opportunity": t.active, "interview": r["interviews.create"]["id"], "perform-as": t.user,
        "change": {"duration": 30},
    }),
    ("interviews.delete", lambda t, r: {
        "opportunity": t.active, "interview": r["interviews.create"]["id"], "perform-as": t.user,
    }),
    ("panels.delete", lambda t, r: {"opportunity": t.active, "panel": r["panels.create"]["id"], "perform-as": t.user}),
    *lists("offers", "offers"),
    ("offers.download", lambda t, r: t.below("offers", lambda it: it["sentDocument"]) | {"status": "sent"}),
    *lists("resumes", "resumes"),
    ("resumes.get", lambda t, r: t.below("resumes")),
    ("resumes.download", lambda t, r: t.below("resumes", is_sound)),
    *lists("files", "files"),
    ("files.get", lambda t, r: t.below("files")),
    ("files.upload", lambda t, r: {"opportunity": t.active, "file": BYTES, "perform-as": t.user}),
    ("files.download", lambda t, r: {"opportunity": t.active, "file": r["files.upload"]["id"]}),
    ("files.delete", lambda t, r: {"opportunity": t.active, "file": r["files.upload"]["id"], "perform-as": t.user}),
    ("uploads.upload", lambda t, r: {"file": BYTES}),
    ("postings.list-page", lambda t, r: {"query": {"limit": 2, "state": "published"}}),
    ("postings.list-all", lambda t, r: {"query": {}}),
    ("postings.get", lambda t, r: {"posting": t.first("postings"), "expand": ["owner"]}),
    ("postings.create", lambda t, r: {
        "perform-as": t.user,
        "posting": {
            "text": "Boat Builder", "state": "draft",
            "salary-range": {"min": 27.5, "max": 40, "currency": "EUR", "interval": "per-hour-wage"},
        },
    }),
    ("postings.update", lambda t, r: {
        "posting": r["postings.create"]["id"], "change": {"text": "Shipwright"}, "perform-as": t.user,
    }),
    ("postings.get-apply-questions", lambda t, r: {"posting": t.first("postings", lambda it: it["state"] == "published")}),
    ("postings.apply", lambda t, r: {
        "posting": t.first("postings", lambda it: it["state"] == "published"),
        "application": open_posting(t, r["postings.get-apply-questions"]),
    }),
    ("postings.list-deleted", lambda t, r: {"query": window(t)}),
    ("postings.list-all-deleted", lambda t, r: {"query": window(t)}),
    ("users.list-page", lambda t, r: {"query": {"limit": 2}}),
    ("users.list-all", lambda t, r: {"query": {"include-deactivated": True}}),
    ("users.get", lambda t, r: {"user": t.user}),
    ("users.create", lambda t, r: {"user": {"name": "Remy Castellan", "email": "remy@harborlight.example"}}),
    ("users.update", lambda t, r: {"user": r["users.create"]["id"], "change": {"job-title": "Sourcer"}}),
    ("users.deactivate", lambda t, r: {"user": r["users.create"]["id"]}),
    ("users.reactivate", lambda t, r: {"user": r["users.create"]["id"]}),
    ("webhooks.create", lambda t, r: {"webhook": {"url": "https://hooks.example.com/lever", "event": "candidateHired"}}),
    ("webhooks.list-page", lambda t, r: {}),
    ("webhooks.list-all", lambda t, r: {}),
    ("webhooks.update", lambda t, r: {
        "changes": [{"id": r["webhooks.create"]["id"], "url": "https://hooks.example.com/other"}],
    }),
    ("webhooks.delete", lambda t, r: {"webhook": r["webhooks.create"]["id"]}),
    ("webhook-events.decode", lambda t, r: delivered()),
    ("raw.get", lambda t, r: {"path": "/tags", "query": [{"name": "limit", "value": "2"}]}),
    ("oauth.authorize-url", lambda t, r: {"request": {
        "client-id": APP["client-id"], "redirect-uri": APP["redirect-uri"], "state": "0123456789abcdef",
        "scopes": ["opportunities:read:admin", "offline_access"],
    }}),
    ("oauth.exchange-code", lambda t, r: {"app": APP, "code": t.code(r["oauth.authorize-url"])}),
    ("oauth.refresh", lambda t, r: {"app": APP, "refresh-token": r["oauth.exchange-code"]["refresh-token"]}),
]
