"""The same figures and tables by pandas, as it is usually written. It runs in an environment of its own, without ours.

`python by_pandas.py FILE USERS`
"""

import json
import sys
from typing import Any

import pandas as pd  # type: ignore[import-not-found, import-untyped, unused-ignore]

KINDS = ["session_started", "document_created", "document_scored", "phrase_shown", "phrase_accepted"]
START, END, WEEKDAYS = "2026-10-01", "2026-11-01", 22


def main(path: str, seats: int) -> None:
    """Print the figures and what became of the rows; the tables are computed as well."""
    events, rows = counted(pd.read_parquet(path))
    users = events[events["user"].notna()]
    documents = by_document(events)
    print(json.dumps(figures(events, users, documents, seats) | rows))
    tables(users, documents)


def counted(events: Any) -> tuple[Any, dict[str, int]]:
    """Return the events that count, each once, with their local day, and how many rows do not count and why."""
    events["day"] = (
        events["at"].dt.tz_localize("UTC").dt.tz_convert("Europe/Berlin").dt.tz_localize(None).dt.normalize()
    )
    needs_document = events["kind"].isin(["document_created", "document_scored"])
    has_document = events["document"].notna() & events["document_kind"].notna()
    demands = {
        "foreign_account": events["account"] == "acme",
        "unknown_kind": events["kind"].isin(KINDS),
        "incomplete": (~needs_document | has_document)
        & ((events["kind"] != "document_scored") | events["score"].between(0, 100)),
        "outside_period": (events["day"] >= START) & (events["day"] < END),
    }
    passes, dropped = pd.Series(True, index=events.index), {}
    for reason, demand in demands.items():
        dropped[reason] = int((passes & ~demand).sum())
        passes &= demand
    ours = events[passes]
    order = ["at", "kind", "user", "document", "document_kind", "score", "first_score"]
    copies = ours[ours["event_id"].duplicated(keep=False)].sort_values(order).drop_duplicates("event_id")
    once = pd.concat([ours.drop_duplicates("event_id", keep=False), copies])
    dropped["duplicate"] = len(ours) - len(once)
    rows = {f"dropped_{reason}": count for reason, count in dropped.items() if count}
    late = int(((ours["received_at"] - ours["at"]) > pd.Timedelta(days=1)).sum())
    rows |= {"read": len(events), "counted": len(once), "without_user": int(ours["user"].isna().sum()), "late": late}
    return once, rows


def by_document(events: Any) -> Any:
    """Return each document with its kind, creator, and first and last score."""
    created = events[events["kind"] == "document_created"].groupby("document")["user"].min().rename("creator")
    scored = events[events["kind"] == "document_scored"].sort_values(["at", "score"])
    grouped = scored.groupby("document")
    known = scored[scored["first_score"].notna()].sort_values(["at", "first_score"]).groupby("document")["first_score"]
    both = pd.concat(
        [grouped["score"].first(), grouped["score"].last(), known.last()], axis=1, keys=["first", "last", "known"]
    )
    both["uplift"] = both["last"] - both["known"].fillna(both["first"])
    kinds = (
        events[events["kind"].isin(["document_created", "document_scored"])].groupby("document")["document_kind"].min()
    )
    made = created.to_frame().assign(created=1)
    return kinds.to_frame().join(made).join(both.assign(scored=1)).fillna({"created": 0, "scored": 0})


def figures(events: Any, users: Any, documents: Any, seats: int) -> dict[str, Any]:
    """Return the figures under the names that a report gives them."""
    counts, scored = events["kind"].value_counts(), documents[documents["scored"] == 1]
    days = users.groupby("user", observed=True)["day"].nunique()
    most = users["user"].value_counts()
    return {
        "active_users": len(most),
        "seats": seats,
        "seat_utilisation": len(most) / seats,
        "seat_days_used": int(days.sum()) / (seats * WEEKDAYS),
        "sessions": int(counts["session_started"]),
        "documents_created": int(documents["created"].sum()),
        "documents_scored": len(scored),
        "mean_score_uplift": float(scored["uplift"].mean()),
        "documents_improved": float((scored["uplift"] > 0).mean()),
        "phrases_accepted": int(counts["phrase_accepted"]),
        "phrase_acceptance": float(counts["phrase_accepted"] / counts["phrase_shown"]),
        "concentration": float(most.nlargest(3).sum() / most.sum()),
    }


def tables(users: Any, documents: Any) -> list[Any]:
    """Return the tables of users and documents."""
    days = users.groupby("user")["day"].nunique() / WEEKDAYS
    monday = users["day"] - pd.to_timedelta(users["day"].dt.day_of_week, unit="D")
    sums = users.assign(session=users["kind"] == "session_started", phrase=users["kind"] == "phrase_accepted")
    return [
        users.groupby("day")["user"].nunique(),
        users.groupby(monday)["user"].nunique(),
        users.groupby(users["day"].dt.to_period("M"))["user"].nunique(),
        pd.cut(days, [0, 0.2, 0.6, 9], right=False).value_counts(),
        documents.groupby("document_kind")[["created", "scored"]].sum(),
        documents.groupby("document_kind")["uplift"].mean(),
        documents[documents["created"] == 1].groupby("document_kind")["creator"].nunique(),
        sums.groupby("user").agg(
            events=("kind", "size"), days=("day", "nunique"), sessions=("session", "sum"), phrases=("phrase", "sum")
        ),
    ]


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
